"""Texts: their lines."""

from __future__ import annotations

import io
from collections.abc import Iterator

from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import lines
from reproducibility.compare.sides import TooLarge
from reproducibility.compare.tally import Tally

LATER = ("encodings.utf_8",)
MAX_LINE = 8 << 20


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which lines differ."""
    lines.compare("", lines_of(recorded), lines_of(found), tally)


def lines_of(file: Reader) -> Iterator[str]:
    """Return the lines of a text with their ends; bytes that are no UTF-8 stay apart as well."""
    encoding = "utf-16" if file.read_at(0, 2) in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    errors = "surrogateescape" if encoding == "utf-8" else "strict"
    held = io.BufferedReader(Opened(file), 1 << 20)
    text = io.TextIOWrapper(held, encoding=encoding, errors=errors, newline="")
    while line := text.readline(MAX_LINE):
        if len(line) >= MAX_LINE:
            raise TooLarge
        yield line
