"""Which format a table has, by its first bytes."""

from __future__ import annotations

from enum import StrEnum

#: So many bytes are enough to tell.
HEAD = 4096


class Format(StrEnum):
    """The formats of tables."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


#: The module of each; Parquet's is imported in the cage only.
MODULES = {
    Format.CSV: "reproducibility.points.csv",
    Format.JSON: "reproducibility.points.documents",
    Format.PARQUET: "reproducibility.points.parquet",
}


def format_of(beginning: bytes) -> Format:
    """Return the format of what begins so; whatever is no other is taken for CSV."""
    if beginning.startswith(b"PAR1"):
        return Format.PARQUET
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return Format.JSON if text[:1] in {b"[", b"{"} else Format.CSV
