"""A table against the parameters that an analysis declares: points, or every fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from reproducibility.points.cells import Unfit, converter
from reproducibility.points.problems import fault_of
from reproducibility.points.tables import Cell, Table, Unreadable, bounded
from reproducibility.points.values import Fault, Faults, Points, Value

#: Names of parameters that a sentence lists.
LISTED = 20


def check(table: Table, defaults: Mapping[str, Any]) -> Points:
    """Return the points of a table whose columns are parameters; absent ones keep their defaults.

    Raises
    ------
    Faulty
        Anything in the table is wrong: all of it is told, and no point is given.
    """
    faults = Faults()
    rows: dict[tuple[Value, ...], int] = {}
    try:
        table = bounded(table)
        checking = _Columns(table, defaults, faults)
        for number, cells in table.rows:
            row = checking.row(number, cells)
            if row is None:
                continue
            if (first := rows.setdefault(row, number)) != number:
                words = _("the same point stands in row %(row)s.") % {"row": f"{first:,}"}
                faults.add(Fault(number, "", words))
    except Unreadable as exc:
        faults.lead(fault_of(exc))
    if not rows and not faults.told:
        faults.add(Fault(None, "", _("There is no point in this table.")))
    faults.end()
    return Points(checking.names, tuple(rows))


class _Columns:
    """The columns of a table, each with what makes its values."""

    def __init__(self, table: Table, defaults: Mapping[str, Any], faults: Faults) -> None:
        self._faults = faults
        self.names = tuple(name if name in defaults else name.strip() for name in table.columns)
        for fault in unknown(self.names, defaults, row=table.header):
            faults.add(fault)
        for name, times in Counter(self.names).items():
            if times > 1:
                words = _("this column stands there %(n)s times.") % {"n": times}
                faults.add(Fault(table.header, name, words))
        self._converters = [converter(defaults.get(name)) for name in self.names]

    def row(self, number: int, cells: Sequence[Cell]) -> tuple[Value, ...] | None:
        """Return the values of a row, or None when it has faults, which are told."""
        if (fault := self._misshapen(cells)) is not None:
            self._faults.add(Fault(number, "", fault))
            return None
        values = []
        for name, convert, cell in zip(self.names, self._converters, cells, strict=True):
            if convert is None:  # the column itself is the fault
                continue
            try:
                values.append(convert(cell))
            except Unfit as exc:
                self._faults.add(Fault(number, name, exc.args[0]))
        return tuple(values) if len(values) == len(cells) else None

    def _misshapen(self, cells: Sequence[Cell]) -> str | None:
        if all(cell is None or cell == "" for cell in cells):
            return _("the row is empty.")
        if len(cells) > len(self.names):
            return _("the row has more cells than there are columns.")
        if len(cells) < len(self.names):
            words = _("the row has fewer cells (%(n)s) than there are columns (%(columns)s).")
            return words % {"n": len(cells), "columns": len(self.names)}
        return None


def unknown(
    names: Collection[str], defaults: Mapping[str, Any], *, row: int | None = None
) -> list[Fault]:
    """Return a fault for each name that is no parameter which a table can set."""
    faults = []
    for name in dict.fromkeys(names):
        if name not in defaults:
            faults.append(Fault(row, name, _missing(name, list(defaults))))
        elif converter(defaults[name]) is None:
            words = _("this parameter is a list or an object, which no cell can hold.")
            faults.append(Fault(row, name, words))
    return faults


def _missing(name: str, known: list[str]) -> str:
    if not name:
        return _("the header names no parameter for a column.")
    if not known:
        return _("this analysis has no parameters.")
    if close := get_close_matches(name, known, n=1):
        return _("no such parameter; is %(name)s meant?") % {"name": close[0]}
    listed = ", ".join(known[:LISTED]) + (", …" if len(known) > LISTED else "")
    return _("no such parameter; there are: %(names)s.") % {"names": listed}
