"""Recorded outputs of a crate that a capture has no room for: they become files of the site."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from data_mgmt.services import staging
from reproducibility.capture.values import FoundFile
from reproducibility.crate.terms import METADATA
from reproducibility.services import recorded_files
from reproducibility.services.captures.gathering import is_wanted
from vre_portal.config import get_config


def keep(archive: Path, outputs: Iterable[FoundFile]) -> None:
    """Keep those that were read and verified, as far as there is room.

    Nobody has saved them yet: without a version they go again after a day.
    """
    left = get_config().recorded_version_bytes
    with zipfile.ZipFile(archive) as opened:
        names = {entry.filename for entry in opened.infolist() if is_wanted(entry.filename)}
        below = _folder_of(names)
        for output in outputs:
            name = f"{below}{output.path}"
            fits = name in names and output.size <= left
            if fits and _kept(opened, name, output, archive.parent):
                left -= output.size


def _folder_of(names: Iterable[str]) -> str:
    """Return the folder of the archive that the crate is in, with its slash."""
    told = [name for name in names if name == METADATA or name.endswith(f"/{METADATA}")]
    return min(told, key=len, default=METADATA).removesuffix(METADATA)


def _kept(opened: zipfile.ZipFile, name: str, output: FoundFile, folder: Path) -> bool:
    here = min(get_config().recorded_file_bytes, recorded_files.room(), staging.free())
    if output.size > here or opened.getinfo(name).file_size != output.size:
        return False
    with NamedTemporaryFile(dir=folder, suffix=".part") as part, opened.open(name) as source:
        shutil.copyfileobj(source, part, recorded_files.BLOCK)
        part.flush()
        return recorded_files.kept(Path(part.name), output.sha256, output.size)
