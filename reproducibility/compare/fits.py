"""FITS: headers, images and tables, whatever the checksums, the dates of writing and the tiles."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits

from data_mgmt.previews import fits as previewed
from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import blocks, records, trees
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, both
from reproducibility.compare.tally import Tally

LATER = previewed.LATER
MAX_HDUS = 2000
#: A table with rows of varying length is read as a whole.
MAX_VARYING = 32 << 20
#: What tells of the writing, not of what is written.
OF_WRITING = {"DATE", "CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM"}


@dataclass(frozen=True, slots=True)
class Part:
    """A part (HDU) of a file, and the file."""

    file: Reader
    hdu: Any


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which parts (HDUs) differ, and where."""
    opened = both(_opened, recorded, found)
    for number in itertools.count():
        pair = both(_at, *opened, number)
        if pair == (None, None):
            return
        if number >= MAX_HDUS:
            raise TooLarge
        where = f"HDU {number}"
        named = next(f" ({hdu.name})" if hdu.name else "" for hdu in pair if hdu is not None)
        if None in pair:
            tally.told(f"{where}{named}", "absent" if pair[1] is None else "new")
        elif not tally.ignores(where):
            _parts(where, (Part(recorded, pair[0]), Part(found, pair[1])), tally)


def _opened(file: Reader) -> Any:
    return fits.open(Opened(file), mode="readonly", memmap=False, lazy_load_hdus=True)


def _at(opened: Any, number: int) -> Any:
    try:
        return opened[number]
    except IndexError:
        return None


def _parts(where: str, pair: tuple[Part, Part], tally: Tally) -> None:
    trees.compare(where, *both(_header, *pair), tally)
    hdus = pair[0].hdu, pair[1].hdu
    kinds = each(_kind, *hdus)
    if kinds[0] != kinds[1]:
        tally.told(where, "type", *kinds)
    elif kinds[0] == "table":
        _tables(where, pair, tally)
    elif kinds[0] == "image" and not tally.ignores(f"{where}.pixels"):
        _images(where, hdus, tally)
    tally.settle()


def _kind(hdu: Any) -> str:
    if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
        return "table"
    return "image" if hdu.header.get("NAXIS", 0) else "header"


def _header(part: Part) -> dict[str, Any]:
    """Return the cards by keyword; what is there several times, such as HISTORY, as a list."""
    held: dict[str, Any] = {}
    for card in part.hdu.header.cards:
        name = card.keyword
        if name in OF_WRITING:
            continue
        value = card.value
        value = str(value) if isinstance(value, fits.card.Undefined) else value
        if name in {"COMMENT", "HISTORY", ""}:
            held.setdefault(name or "blank", []).append(value)
        else:
            held[name] = value
    return held


def _shape(hdu: Any) -> tuple[int, ...]:
    header = hdu.header
    return tuple(int(header.get(f"NAXIS{n}", 0)) for n in range(header.get("NAXIS", 0), 0, -1))


def _images(where: str, hdus: tuple[Any, Any], tally: Tally) -> None:
    shapes = each(_shape, *hdus)
    if shapes[0] != shapes[1]:
        tally.told(where, "length", *shapes)
        return
    shape = shapes[0]
    for block in blocks.of(shape, 8):
        one, other = both(_block, *hdus, block)
        rows = one.reshape(-1), other.reshape(-1)
        label = blocks.places(one.shape, block)
        records.compare(f"{where}.pixels", *rows, tally, label, tested=False)


def _block(hdu: Any, block: blocks.Block) -> Any:
    return np.asarray(hdu.section[block])


def _tables(where: str, pair: tuple[Part, Part], tally: Tally) -> None:
    rows = each(_length, *pair)
    if rows[0] != rows[1] and not tally.tolerance.statistical:
        tally.told(f"{where} rows", "length", *rows)
        return
    names = each(lambda part: [column.name for column in part.hdu.columns], *pair)
    shared = tally.keys(lambda name: f"{where}.{name}", *names)
    wide = max(int(part.hdu.header["NAXIS1"]) for part in pair)
    size = max(1, blocks.PIECE // max(1, wide))
    if any(_varies(part.hdu) for part in pair):
        if max(int(part.hdu.size) for part in pair) > MAX_VARYING:
            raise TooLarge
        size = max(1, *rows)
    for begin in range(0, max(rows), size):
        held = both(_rows, *pair, begin, size)
        for name in shared:
            columns = both(_column, *held, name)
            records.compare(f"{where}.{name}", *columns, tally, records.places((), begin))


def _length(part: Part) -> int:
    return int(part.hdu.header["NAXIS2"])


def _varies(hdu: Any) -> bool:
    return any(column.format.lstrip("0123456789")[:1] in "PQ" for column in hdu.columns)


def _rows(part: Part, begin: int, most: int) -> Any:
    """Return some rows of a table as a table, without the rest of it in memory."""
    hdu = part.hdu
    if _varies(hdu):
        return hdu
    header = hdu.header.copy()
    width, total = int(header["NAXIS1"]), int(header["NAXIS2"])
    number = max(0, min(most, total - begin))
    held = part.file.read_at(hdu.fileinfo()["datLoc"] + begin * width, width * number)
    header["NAXIS2"], header["PCOUNT"] = number, 0
    text = header.tostring().encode("ascii", "replace")
    return type(hdu).fromstring(text + held + bytes(-len(held) % 2880))


def _column(made: Any, name: str) -> Any:
    values = np.asarray(made.data.field(name))
    if values.dtype.kind != "O":
        return values
    rows: Iterable[Any] = (tuple(np.asarray(each).tolist()) for each in values)
    held = np.empty(len(values), object)
    held[:] = list(rows)
    return held
