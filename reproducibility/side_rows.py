"""Two sides as a page shows them: sections of rows, those that differ first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from data_mgmt.previews.values import DASH
from reproducibility.compare import Level
from reproducibility.services.side_by_side import Side, SideFile, Step
from vre_portal.components.formats import duration, size

#: Lines of a difference of two specifications that a page shows.
MOST_LINES = 400
SHORT = 12
DIGEST = re.compile(r"[0-9a-f]{64}")
#: Steps whose times are closer than this took as long.
SAME_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Cell:
    """What one side has: a text, more of it for who looks closer, and where it is to be seen."""

    text: str = ""
    note: str = ""
    url: str = ""
    whole: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the side has it at all."""
        return bool(self.text or self.note)

    @property
    def value(self) -> str | None:
        """All of it, as a program reads it; None where the side does not have it."""
        return (self.whole or self.text) if self.is_there else None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing on both sides; `state` is a word such as a level of equality, `note` says more."""

    name: str
    left: Cell
    right: Cell
    same: bool
    state: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the difference of two texts: `kind` is kept, gone, new or place."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of things; rows that are the same stand apart, since nobody looks for them first.

    `unknown` tells that one side does not say what it had, so that nothing can be compared.
    """

    key: str
    title: str
    rows: tuple[Row, ...] = ()
    lines: tuple[Line, ...] = field(default=(), repr=False)
    lines_left: int = 0
    unknown: bool = False

    @property
    def differing(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if not row.same)

    @property
    def same(self) -> tuple[Row, ...]:
        """The rows that do not."""
        return tuple(row for row in self.rows if row.same)

    @property
    def differs(self) -> bool:
        """Whether anything in it does."""
        return bool(self.differing or self.lines)


RowMaker = Callable[[Side, Side, str, Any, Any], Row]
Sides = tuple[Side, Side]
Part = Callable[[Side], Mapping[str, Any]]


def sections_of(left: Side, right: Side, levels: Mapping[str, str] | None = None) -> list[Section]:
    """Return all sections, those with a difference first.

    `levels` are those of outputs whose contents were compared, by path.
    """
    sides = (left, right)
    made = [
        outputs_of(left, right, levels),
        _section("parameters", _("Parameters"), sides, lambda side: side.parameters, _plain),
        _specification(left, right),
        _known("inputs", _("Inputs"), sides, lambda side: side.inputs, _input_row),
        _section("environment", _("Environment"), sides, _environment, _environment_row),
        _known("packages", _("Packages"), sides, lambda side: side.packages, _package_row),
        _section("steps", _("Steps"), sides, lambda side: side.steps, _step_row),
    ]
    return sorted(made, key=lambda section: not section.differs)


def outputs_of(left: Side, right: Side, levels: Mapping[str, str] | None = None) -> Section:
    """Return the section of the outputs."""
    known = levels or {}

    def make(one_side: Side, other_side: Side, name: str, one: Any, other: Any) -> Row:
        return _output_row((one_side, other_side), name, one, other, level=known.get(name, ""))

    return _section("outputs", _("Outputs"), (left, right), lambda side: side.outputs, make)


def _known(key: str, title: str, sides: Sides, part: Part, make: RowMaker) -> Section:
    """Return a section of what a side either tells as a whole or does not know."""
    one, other = map(part, sides)
    if bool(one) != bool(other):
        return Section(key, title, unknown=True)
    return _section(key, title, sides, part, make)


def _section(key: str, title: str, sides: Sides, part: Part, make: RowMaker) -> Section:
    one, other = map(part, sides)
    names = [*one, *(name for name in other if name not in one)]
    rows = tuple(make(*sides, name, one.get(name), other.get(name)) for name in names)
    return Section(key, title, rows)


def _plain(_left: Side, _right: Side, name: str, one: Any, other: Any) -> Row:
    return Row(name, _value(one), _value(other), one == other)


def _where_told(left: Side, right: Side, name: str, one: Any, other: Any) -> Row:
    """Return a value that differs only where both sides know it."""
    row = _plain(left, right, name, one, other)
    return replace(row, same=row.same or one is None or other is None)


def _value(value: Any) -> Cell:
    if value is None:
        return Cell()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Cell(text or DASH, whole=text)


def _environment_row(left: Side, right: Side, name: str, one: Any, other: Any) -> Row:
    """Return a part of the environment; digests are shown by their beginning."""
    row = _where_told(left, right, name, one, other)
    return replace(row, left=_short(row.left), right=_short(row.right))


def _short(cell: Cell) -> Cell:
    return replace(cell, text=cell.text[:SHORT]) if DIGEST.fullmatch(cell.text) else cell


def _environment(side: Side) -> dict[str, str]:
    words = {
        "image": _("Recorded image"),
        "used": _("Used"),
        "packages": _("Digest of the packages"),
        "isolation": _("Isolation"),
    }
    return {words[key]: value for key, value in side.environment.items() if value}


def _package_row(_left: Side, _right: Side, name: str, one: str | None, other: str | None) -> Row:
    state = _("changed")
    if one is None or other is None:
        state = _("added") if one is None else _("removed")
    return Row(name, _value(one), _value(other), one == other, "" if one == other else state)


def _input_row(
    _left: Side, _right: Side, name: str, one: SideFile | None, other: SideFile | None
) -> Row:
    same = one is not None and other is not None and _sum_of(one) == _sum_of(other)
    return Row(name, _input(one), _input(other), same)


def _sum_of(file: SideFile) -> tuple[str, str]:
    return file.did, file.adler32


def _input(file: SideFile | None) -> Cell:
    if file is None:
        return Cell()
    note = f"ad:{file.adler32}" if file.adler32 else ""
    return Cell(file.did, note, reverse("data_mgmt:did", args=[file.did]))


def _output_row(
    sides: Sides, name: str, one: SideFile | None, other: SideFile | None, *, level: str
) -> Row:
    """Return an output with the level of its contents, or what else is known of them."""
    cells = _output(sides[0], name, one), _output(sides[1], name, other)
    if one is None or other is None:
        return Row(name, *cells, same=False, state=Level.MISSING.value)
    if one.sha256 == other.sha256:
        return Row(name, *cells, same=True, state=Level.BIT_IDENTICAL.value)
    state = level or _judged(*sides, one, other)
    note = "" if state else _("by the checksum alone")
    return Row(name, *cells, same=False, state=state or Level.DIFFERENT.value, note=note)


def _judged(left: Side, right: Side, one: SideFile, other: SideFile) -> str:
    """Return what a verdict said, where one is the recorded output that it speaks of."""
    if left.version.pk == right.version.pk and (left.run is None) != (right.run is None):
        return (one if left.run else other).level
    return ""


def _output(side: Side, path: str, file: SideFile | None) -> Cell:
    if file is None:
        return Cell()
    note = size(file.size) if file.size is not None else ""
    return Cell(file.sha256[:SHORT], note, _where(side, path) if file.kept else "", file.sha256)


def _where(side: Side, path: str) -> str:
    if side.run is not None:
        return reverse("reproducibility:output", args=[side.run.pk, path])
    where = reverse("reproducibility:recorded", args=[side.analysis.slug, path])
    return f"{where}?version={side.version.number}"


def _step_row(_left: Side, _right: Side, name: str, one: Step | None, other: Step | None) -> Row:
    """Return a step; no two runs take the same time, so that only its end counts."""
    same = one is None or other is None or one.state == other.state
    note = _longer(one.seconds, other.seconds) if one and other else ""
    return Row(name, _step(one), _step(other), same, note=note)


def _longer(one: float | None, other: float | None) -> str:
    """Return how much longer the other took, as words; empty where either is not known."""
    if one is None or other is None:
        return ""
    apart = duration(abs(other - one))
    if abs(other - one) < SAME_SECONDS:
        return _("as long")
    words = _("%s longer") if other > one else _("%s shorter")
    return words % apart


def _step(step: Step | None) -> Cell:
    if step is None:
        return Cell()
    return Cell(duration(step.seconds) if step.seconds is not None else DASH, step.state)


def _specification(left: Side, right: Side) -> Section:
    lines = list(_lines(left.version.specification, right.version.specification))
    shown = tuple(lines[:MOST_LINES])
    left_out = max(0, len(lines) - MOST_LINES)
    return Section("specification", "reana.yaml", lines=shown, lines_left=left_out)


def _lines(before: str, after: str) -> Iterator[Line]:
    told = unified_diff(before.splitlines(), after.splitlines(), n=3, lineterm="")
    for number, line in enumerate(told):
        if number < 2:
            continue
        kind = {"+": "new", "-": "gone", "@": "place"}.get(line[:1], "kept")
        yield Line(kind, line)
