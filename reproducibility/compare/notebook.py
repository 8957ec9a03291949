"""Notebooks: sources and outputs, whatever their counters, timings and other metadata."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from data_mgmt.previews.reading import Reader
from reproducibility.compare import image, lines, trees
from reproducibility.compare.documents import read_json
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

LATER = (*image.LATER, "encodings.utf_8", "base64", "binascii")
#: Where an object was in memory, which Python tells of those that say nothing else of themselves.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,16}\b")
_PICTURES = {"image/png", "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a cell: a kind, such as ``stdout`` or a media type, and what it holds."""

    kind: str
    held: Any


@dataclass(frozen=True, slots=True)
class InMemory:
    """A picture that stands in a notebook, as a reader."""

    content: bytes

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.content)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range."""
        return self.content[offset : offset + length]


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which cells differ in source or outputs."""
    before, after = both(_cells, recorded, found)
    if len(before) != len(after):
        tally.told("cells", "length", len(before), len(after))
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        where = f"cells[{number}]"
        if tally.ignores(where):
            continue
        if not tally.ignores(f"{where}.source"):
            sources = each(_source, one, other)
            lines.compare(f"{where}.source ", *sources, tally)
        if not tally.ignores(f"{where}.outputs"):
            _outputs(f"{where}.outputs", list(_said(one)), list(_said(other)), tally)


def _cells(file: Reader) -> list[Mapping[str, Any]]:
    held = read_json(file)
    cells = held.get("cells") if isinstance(held, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Unreadable("it is no notebook of format 4")
    return cells


def _said(cell: Mapping[str, Any]) -> Iterator[Output]:
    """Return a cell's outputs; what one stream said in several parts is one output."""
    outputs = cell.get("outputs")
    kind, text = "", ""
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            raise Unreadable("an output of it is none")
        stream = str(output.get("name")) if output.get("output_type") == "stream" else ""
        if text and stream != kind:
            yield Output(kind, text)
            text = ""
        if stream:
            kind, text = stream, text + _text(output.get("text"))
        else:
            yield from _shown(output)
    if text:
        yield Output(kind, text)


def _shown(output: Mapping[str, Any]) -> Iterator[Output]:
    if output.get("output_type") == "error":
        yield Output("error", f"{output.get('ename')}: {output.get('evalue')}")
    bundle = output.get("data")
    for kind, held in sorted(bundle.items()) if isinstance(bundle, dict) else ():
        yield Output(kind, held if isinstance(held, dict) else _text(held))


def _outputs(where: str, before: list[Output], after: list[Output], tally: Tally) -> None:
    if len(before) != len(after):
        tally.told(where, "length", len(before), len(after))
    for number, (one, other) in enumerate(zip(before, after, strict=False)):
        name = f"{where}[{number}] {one.kind}"
        if tally.ignores(f"{where}[{number}]") or one == other:
            tally.same()
        elif one.kind != other.kind or type(one.held) is not type(other.held):
            tally.told(name, "type", one.kind, other.kind)
        elif one.kind in _PICTURES:
            _pictures(name, one.held, other.held, tally)
        elif isinstance(one.held, str):
            lines.compare(f"{name} ", *each(_lines, one, other), tally)
        else:
            trees.compare(name, one.held, other.held, tally)


def _pictures(where: str, before: Any, after: Any, tally: Tally) -> None:
    try:
        held = each(_in_memory, before, after)
        image.pixels(where, *held, tally)
    except (binascii.Error, TypeError, ValueError, Unreadable, TooLarge):
        tally.told(where, "value", "a picture", "another, and one can't be read")


def _in_memory(held: Any) -> InMemory:
    return InMemory(base64.b64decode(held))


def _source(cell: Mapping[str, Any]) -> list[str]:
    return _text(cell.get("source")).splitlines()


def _lines(output: Output) -> list[str]:
    return _ADDRESS.sub(" at 0x…", output.held).splitlines()


def _text(held: Any) -> str:
    return "".join(map(str, held)) if isinstance(held, list) else str(held or "")
