"""Text: its beginning, in the encoding that fits it."""

from __future__ import annotations

import codecs

from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.values import Preview, Said, Text, said, told

SHOWN = 64 * 1024
MAX_LINE = 2000


def preview(file: Reader, _format: str, _options: Options) -> Preview:
    """Return the first part of a text."""
    text, encoding, whole = beginning(file, SHOWN)
    return Preview("text", said("Text, %(encoding)s", encoding=encoding), (
        Text("Text", short_lines(text), "", how_much(file, whole=whole, shown=SHOWN)),
    ))  # fmt: skip


def how_much(file: Reader, *, whole: bool, shown: int) -> Said:
    """Return a sentence on how much of a file is shown."""
    if whole:
        return Said()
    return said("The first %(n)s of %(all)s bytes.", n=shown, all=file.size)


def beginning(file: Reader, most: int) -> tuple[str, str, bool]:
    """Return at most so many bytes as text, the encoding, and whether that is all."""
    held = file.read_at(0, most)
    whole = len(held) >= file.size
    text, encoding = decoded(held)
    if not whole and "\n" in text:
        text = text[: text.rindex("\n") + 1]
    return text, encoding, whole


def decoded(held: bytes) -> tuple[str, str]:
    """Return bytes as text: by their mark, as UTF-8, or as Latin-1, which always fits."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):  # fmt: skip
        if held.startswith(mark):
            return held[len(mark) :].decode(encoding, "replace"), encoding
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(held), "utf-8"
    except UnicodeDecodeError:
        return held.decode("latin-1"), "latin-1"


def short_lines(text: str) -> str:
    """Return text whose lines are cut where no page could show them."""
    return "\n".join(told(line, MAX_LINE) for line in text.split("\n"))
