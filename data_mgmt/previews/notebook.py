"""Notebooks: cells and outputs as texts and pictures; nothing in them is run or drawn as HTML."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.text import decoded, short_lines
from data_mgmt.previews.values import Block, Note, Preview, Text, TooMuch, Unreadable, said, told

MAX_BYTES = 16 << 20
MAX_CELLS = 80
MAX_OUTPUTS = 10
MAX_CHARACTERS = 10_000
MAX_PICTURES = 12
MAX_PIXELS = 20_000_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def preview(file: Reader, _format: str, _options: Options) -> Preview:
    """Return a notebook's cells."""
    if file.size > MAX_BYTES:
        raise TooMuch
    text, _encoding = decoded(file.read_at(0, file.size))
    try:
        held = json.loads(text)
    except ValueError as exc:
        raise Unreadable(said("It is no notebook: its JSON is broken.")) from exc
    cells = held.get("cells") if isinstance(held, dict) else None
    if not isinstance(cells, list):
        raise Unreadable(said("It is no notebook of format 4: it has no list of cells."))
    blocks = list(_limited(block for cell in cells[:MAX_CELLS] for block in _cell(cell)))
    if len(cells) > MAX_CELLS:
        blocks.append(Note(said("The first %(n)s of %(all)s cells.", n=MAX_CELLS, all=len(cells))))
    language = _of(_of(held, "metadata"), "kernelspec").get("display_name", "")
    summary = said("Cells: %(n)s", n=len(cells))
    if language:
        summary = said("Cells: %(n)s, %(language)s", n=len(cells), language=language)
    return Preview("notebook", summary, tuple(blocks))


def _of(held: Any, name: str) -> Mapping[str, Any]:
    found = held.get(name) if isinstance(held, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _limited(blocks: Iterator[Block]) -> Iterator[Block]:
    pictures = 0
    for block in blocks:
        pictures += block.kind == "picture"
        if block.kind != "picture" or pictures <= MAX_PICTURES:
            yield block


def _cell(cell: Any) -> Iterator[Block]:
    if not isinstance(cell, Mapping):
        return
    kind = cell.get("cell_type")
    source = _text(cell.get("source"))
    if kind == "code":
        count = cell.get("execution_count")
        yield Text("Code", source, f"[{told(count, 10) if count is not None else ' '}]")
        outputs = cell.get("outputs")
        for output in outputs[:MAX_OUTPUTS] if isinstance(outputs, list) else ():
            yield from _output(output)
    elif source:
        yield Text("Markdown" if kind == "markdown" else "Raw", source)


def _output(output: Any) -> Iterator[Block]:
    if not isinstance(output, Mapping):
        return
    if output.get("output_type") == "stream":
        yield Text("Output", _text(output.get("text")), told(output.get("name", ""), 20))
    elif output.get("output_type") == "error":
        lines = output.get("traceback")
        shown = "\n".join(map(str, lines)) if isinstance(lines, list) else ""
        yield Text("Error", _text(shown or str(output.get("evalue", ""))))
    else:
        yield from _data(_of(output, "data"))


def _data(data: Mapping[str, Any]) -> Iterator[Block]:
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            yield _picture(_text(data[kind], most=MAX_BYTES))
            return
    if "text/plain" in data:
        yield Text("Output", _text(data["text/plain"]))
    elif data:
        yield Note(said("An output of kind %(kind)s is not shown.", kind=next(iter(data))))


def _picture(held: str) -> Block:
    try:
        opened = Image.open(io.BytesIO(base64.b64decode(held)), formats=("PNG", "JPEG"))
        if opened.width * opened.height > MAX_PIXELS:
            return Note(said("A picture in it is too large for a preview."), "wait")
        return plots.picture(opened.convert("RGBA"), "Picture", "")
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
        return Note(said("A picture in it can't be read."), "wait")


def _text(held: Any, most: int = MAX_CHARACTERS) -> str:
    text = "".join(map(str, held)) if isinstance(held, list) else str(held or "")
    text = _ESCAPES.sub("", text)
    return (
        short_lines(text if len(text) <= most else f"{text[: most - 1]}…")
        if most < MAX_BYTES
        else text
    )
