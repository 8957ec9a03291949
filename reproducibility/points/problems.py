"""Why a table can't be read, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reproducibility.points.limits import MOST_BYTES, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, MOST_TEXT
from reproducibility.points.tables import Problem, Unreadable
from reproducibility.points.values import Fault

#: Larger numbers are not written out: nobody reads them, and Python refuses very long ones.
WRITTEN = 10**18


def fault_of(unreadable: Unreadable) -> Fault:
    """Return a problem as a fault."""
    return Fault(unreadable.row, unreadable.column[:MOST_TEXT], _words(unreadable))


def counted(number: int) -> str:
    """Return a number for a sentence."""
    return f"{number:,}" if number < WRITTEN else _("more than %(n)s") % {"n": f"{WRITTEN:,}"}


def too_many(number: int) -> str:
    """Return that so many points are too many."""
    words = _("These are %(n)s points; a table has at most %(most)s.")
    return words % {"n": counted(number), "most": f"{MOST_ROWS:,}"}


def _words(unreadable: Unreadable) -> str:
    number = unreadable.number
    match unreadable.problem:
        case Problem.ROWS:
            return too_many(number)
        case Problem.COLUMNS:
            words = _("The table has %(n)s columns; at most %(most)s can be read.")
            return words % {"n": counted(number), "most": MOST_COLUMNS}
        case Problem.CELLS:
            words = _("The table has more than %(most)s cells.")
            return words % {"most": f"{MOST_CELLS:,}"}
        case Problem.BYTES:
            return _("The table has more than %(most)s MiB.") % {"most": MOST_BYTES >> 20}
        case Problem.JSON if number:
            return _("Line %(n)s is not JSON. Mend it there.") % {"n": counted(number)}
    return _plain(unreadable.problem)


def _plain(problem: Problem) -> str:
    said = {
        Problem.EMPTY: _("There is no point in this table."),
        Problem.NO_TEXT: _("This is not a text in UTF-8. Save the table as CSV in UTF-8."),
        Problem.CSV: _(
            "the row can't be read: a quote in it is not closed, or a cell is far too long."
        ),
        Problem.JSON: _("This is not JSON."),
        Problem.SHAPE: _(
            "Give a list of objects with one key a parameter, or an object with columns and rows."
        ),
        Problem.NAMES: _("The columns must be a list of names of parameters."),
        Problem.TWICE: _("this key stands twice in one object."),
        Problem.KEYS: _("this key is not in each of the objects: all must have the same keys."),
        Problem.NESTED: _("The document is nested too deeply for a table."),
        Problem.MEMORY: _("Reading this table takes more memory than it may."),
        Problem.TIME: _("Reading this table took too long. Make it smaller."),
        Problem.CAGE: _("This machine can't read files safely, so that it reads no tables."),
        Problem.NO_READER: _(
            "This portal reads neither Parquet nor tables above 1 MiB. Give a smaller one as CSV."
        ),
    }
    return said.get(problem) or _("This file is damaged, or no table that can be read.")
