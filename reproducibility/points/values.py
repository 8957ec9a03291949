"""Points that can be run, and the faults for which a table gives none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.previews.believed import cleaned
from reproducibility.points.limits import MOST_FAULTS
from vre_portal.errors import InvalidRequest

#: Of one type a column; dates are texts.
Value = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Points:
    """A table of points: no two rows are the same, and each value has its parameter's type."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Value]]:
        """Yield each point as the parameters that it sets."""
        return (self.parameters(at) for at in range(len(self.rows)))

    def parameters(self, at: int) -> dict[str, Value]:
        """Return the parameters that a point sets; the first is point 0."""
        return dict(zip(self.columns, self.rows[at], strict=True))


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where.

    `row` is its number in the file: the line where a row of CSV begins, the header being one, or
    the place in the list for JSON and Parquet, from 1. It is None for what no row is to blame for,
    as `column` is empty for what no column is. In a plan `column` is the field.
    """

    row: int | None
    column: str
    reason: str

    def __str__(self) -> str:
        """Return the fault as a sentence that says where."""
        if self.row is None:
            return f"{self.column}: {self.reason}" if self.column else self.reason
        row = _("Row %(row)s") % {"row": f"{self.row:,}"}
        where = f"{row}, {self.column}" if self.column else row
        return f"{where}: {self.reason}"


class Faulty(InvalidRequest):
    """A table, or a plan of one, has faults: the first of them, and how many more there are."""

    def __init__(self, faults: Iterable[Fault], more: int = 0) -> None:
        self.faults, self.more = tuple(faults), more
        others = len(self.faults) - 1 + more
        text = str(self.faults[0])
        if others:
            words = ngettext("There is %(n)s more fault.", "There are %(n)s more faults.", others)
            text = f"{text} {words % {'n': f'{others:,}'}}"
        super().__init__(text, field=self.faults[0].column or None)

    def members(self) -> dict[str, Any]:
        """Give the faults by row and column, and how many more there are."""
        faults = [asdict(fault) for fault in self.faults]
        return {**super().members(), "faults": faults, "more": self.more}


@dataclass(slots=True)
class Faults:
    """The faults so far: the first ones, and how many there were beyond them."""

    told: list[Fault] = field(default_factory=list)
    more: int = 0

    def add(self, fault: Fault) -> None:
        """Keep one, or count it."""
        if len(self.told) < MOST_FAULTS:
            self.told.append(_shown(fault))
        else:
            self.more += 1

    def lead(self, fault: Fault) -> None:
        """Put one before all others."""
        told = [_shown(fault), *self.told]
        self.told, last = told[:MOST_FAULTS], told[MOST_FAULTS:]
        self.more += len(last)

    def end(self) -> None:
        """Raise `Faulty` when there are any."""
        if self.told:
            raise self.as_error()

    def as_error(self) -> Faulty:
        """Return them as an error."""
        return Faulty(self.told, self.more)


def _shown(fault: Fault) -> Fault:
    """Return a fault in the language of whoever asks; what can't be shown of a file is a hole."""
    column, reason = cleaned([fault.column, str(fault.reason)])
    return Fault(fault.row, column, reason)
