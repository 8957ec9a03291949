"""Which format a file has: by its first bytes, and by its name where these say nothing."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

#: So much of a file's beginning tells its format.
HEAD = 4096
MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"root", "root"),
    (0, b"SIMPLE  =", "fits"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (512, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (1024, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (2048, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"PAR1", "parquet"),
    (0, b"\x89PNG\r\n\x1a\n", "image"),
    (0, b"\xff\xd8\xff", "image"),
    (0, b"GIF87a", "image"),
    (0, b"GIF89a", "image"),
    (0, b"II*\0", "image"),
    (0, b"MM\0*", "image"),
    (0, b"BM", "image"),
    (8, b"WEBP", "image"),
    (0, b"%PDF-", "pdf"),
)
#: Of texts the name tells more than the bytes.
NAMES = {
    ".csv": "csv", ".tsv": "csv", ".ecsv": "csv",
    ".json": "json", ".geojson": "json", ".ipynb": "notebook",
    ".yaml": "yaml", ".yml": "yaml",
}  # fmt: skip
#: What a format is called, and how a message names it.
TITLES = {
    "root": "ROOT", "fits": "FITS", "hdf5": "HDF5", "parquet": "Parquet", "csv": "CSV",
    "image": "Image", "pdf": "PDF", "json": "JSON", "yaml": "YAML", "notebook": "Notebook",
    "text": "Text",
}  # fmt: skip
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
#: How a JSON document begins; an INI file's "[" is followed by a letter.
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[{"\]])')
#: Control characters that texts hold: tab, line feed, form feed, carriage return, escape.
_TEXT_CONTROLS = {9, 10, 12, 13, 27}


def detect(head: bytes, name: str) -> str:
    """Return the format of a file that begins so, or nothing where there is no preview for it."""
    for offset, magic, found in MAGIC:
        if head[offset : offset + len(magic)] == magic and _meant(found, head, magic):
            return found
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if not _is_text(head):
        return ""
    named = NAMES.get(PurePosixPath(name.lower()).suffix)
    if named:
        return named
    return "json" if _JSON.match(head) else "text"


def _meant(found: str, head: bytes, magic: bytes) -> bool:
    """Tell whether a short magic is one: texts may begin with these letters too."""
    if magic == b"BM":
        return b"\0" in head[:32]
    if found == "root":
        return b"\0" in head[:64]
    return True


def _is_text(head: bytes) -> bool:
    if head.startswith(BOMS):
        return True
    controls = sum(1 for byte in head if byte < 32 and byte not in _TEXT_CONTROLS)
    return 0 not in head and controls * 100 <= len(head)
