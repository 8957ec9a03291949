"""Notebooks as cells of text, whatever state the file is in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

#: What of a line can be a heading.
MAX_HEADING = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: `code`, `markdown` or another kind, its text and its tags."""

    kind: str
    text: str
    tags: frozenset[str] = frozenset()

    @property
    def python(self) -> str:
        """The cell as Python: a line that only IPython knows is a pass."""
        if self.text.lstrip().startswith("%%"):
            return ""
        return "\n".join(map(_python, self.text.splitlines()))


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook: its cells, and what it says about its kernel."""

    cells: tuple[Cell, ...]
    language: str = "python"
    kernel: str = ""
    version: str = ""

    @property
    def code(self) -> Iterator[Cell]:
        """The cells of code."""
        return (cell for cell in self.cells if cell.kind == "code")

    @property
    def heading(self) -> str:
        """The first heading of the first level, empty where there is none."""
        for cell in self.cells:
            if cell.kind == "markdown":
                for found in filter(None, map(_heading, cell.text.splitlines())):
                    return found
        return ""


def read(content: bytes) -> Notebook | None:
    """Return a notebook, None where the content is none that can be read."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    cells = _cells(told)
    if cells is None:
        return None
    metadata = _mapping(_mapping(told).get("metadata"))
    kernel, language = _mapping(metadata.get("kernelspec")), _mapping(metadata.get("language_info"))
    named = language.get("name") or kernel.get("language") or "python"
    return Notebook(
        tuple(_cell(each) for each in cells if isinstance(each, dict)),
        str(named).lower(), str(kernel.get("name") or ""), str(language.get("version") or ""),
    )  # fmt: skip


def _python(line: str) -> str:
    text = line.strip()
    if text.startswith(("%", "!", "?")) or text.endswith("?"):
        return f"{line[: len(line) - len(line.lstrip())]}pass"
    return line


def _heading(line: str) -> str:
    """Return the text of a heading of the first level, empty where the line is none."""
    text = line[:MAX_HEADING].lstrip()
    indented = len(line[:MAX_HEADING]) - len(text)
    if indented > 3 or not text.startswith(("# ", "#\t")):
        return ""
    return text[1:].strip().rstrip("#").rstrip()


def _cells(told: object) -> list[Any] | None:
    cells = _mapping(told).get("cells")
    if cells is None:  # before version 4 they stood in worksheets
        sheets = _mapping(told).get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = _mapping(first).get("cells")
    return cells if isinstance(cells, list) else None


def _cell(told: dict[str, Any]) -> Cell:
    text = told.get("source", told.get("input", ""))
    if isinstance(text, list):
        text = "".join(each for each in text if isinstance(each, str))
    tags = _mapping(told.get("metadata")).get("tags")
    named = tags if isinstance(tags, list) else []
    return Cell(
        str(told.get("cell_type", "")),
        text if isinstance(text, str) else "",
        frozenset(each for each in named if isinstance(each, str)),
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
