"""Which format two files have, and what it is called."""

from __future__ import annotations

from data_mgmt.previews.detect import HEAD, TITLES
from data_mgmt.previews.detect import detect as _detected

#: So much of a file's beginning tells its format.
BEGINNING = HEAD
#: The module of each format; what has none is compared byte by byte.
MODULES = {
    "root": "root", "parquet": "parquet", "csv": "csv", "json": "documents", "yaml": "documents",
    "hdf5": "hdf5", "fits": "fits", "npz": "numpy_files", "npy": "numpy_files", "image": "image",
    "notebook": "notebook", "text": "text", "bytes": "raw",
}  # fmt: skip
_NAMES = {**TITLES, "npz": "npz", "npy": "npy", "bytes": "bytes"}
_TEXTS = {"csv", "json", "yaml", "notebook", "text"}


def detect(head: bytes, name: str) -> str:
    """Return the format of a file that begins so; ``bytes`` where its content can't be compared."""
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"PK\x03\x04") and b".npy" in head[30:286]:
        return "npz"
    found = _detected(head, name)
    return found if found in MODULES else "bytes"


def shared(recorded: str, found: str) -> str:
    """Return the format by which both can be compared, or nothing where they are of two kinds."""
    if recorded == found:
        return recorded
    return "text" if {recorded, found} <= _TEXTS else ""


def title(kind: str) -> str:
    """Return how people call a format."""
    return _NAMES[kind]
