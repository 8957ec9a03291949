"""Several files of a workspace as one ZIP."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from demo.reana.errors import NotFound
from demo.reana.workspace.listing import Entry
from demo.reana.workspace.paths import open_file


def zip_files(root: Path, entries: Sequence[Entry]) -> IO[bytes]:
    """Return an open, unnamed temporary file with the ZIP of these files."""
    packed = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it once it is sent
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries:
            try:
                source = open_file(root, entry.name)
            except NotFound:
                continue  # a running step removed it since it was listed
            with os.fdopen(source, "rb") as stream, archive.open(entry.name, "w") as target:
                shutil.copyfileobj(stream, target)
    packed.flush()
    return packed
