"""One cell, or one text of a plan, as a value of the type of a parameter's default."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from reproducibility.points.limits import MOST_TEXT
from reproducibility.points.tables import Cell
from reproducibility.points.values import Value
from reproducibility.specs.dates import Dated, kind_of

WHOLE = re.compile(r"[+-]?[0-9]{1,30}", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)
#: Not to be kept: JSON in PostgreSQL has no NUL, and UTF-8 no half of a pair.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
LARGEST = 2**63 - 1
Convert = Callable[[Cell], Value]


class Unfit(ValueError):
    """A cell is no value of the parameter; the text says what to give, as a sentence."""


def converter(default: Any) -> Convert | None:
    """Return what makes values of a parameter with this default; None when no cell can."""
    if isinstance(default, Dated):
        kind = default.kind
        return lambda cell: _date(cell, kind, default)
    if default is None:
        return _any
    return _OF.get(type(default))


def _whole(cell: Cell) -> int:
    if isinstance(cell, str):
        cell = cell.strip()
        if not WHOLE.fullmatch(cell):
            raise Unfit(_not_a("whole", cell))
        cell = int(cell)
    if type(cell) is not int:
        raise Unfit(_not_a("whole", cell))
    if not -LARGEST - 1 <= cell <= LARGEST:
        raise Unfit(_SAID["large"])
    return cell


def _number(cell: Cell) -> float:
    if isinstance(cell, str):
        cell = cell.strip()
        if not NUMBER.fullmatch(cell):
            raise Unfit(_not_a("number", cell))
        cell = float(cell)
    if type(cell) is int:
        return _exactly(cell)
    if not isinstance(cell, float):
        raise Unfit(_not_a("number", cell))
    if not math.isfinite(cell):
        raise Unfit(_SAID["finite"])
    return cell


def _exactly(cell: int) -> float:
    # Written without a point, it is meant to the last digit.
    if abs(cell) > LARGEST or float(cell) != cell:
        raise Unfit(_SAID["exact"])
    return float(cell)


def _truth(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and (found := _TRUTHS.get(cell.strip().lower())) is not None:
        return found
    raise Unfit(_not_a("truth", cell))


def _text(cell: Cell) -> str:
    if not isinstance(cell, str):
        raise Unfit(_not_a("text", cell))
    if not cell:
        raise Unfit(_SAID["empty"])
    if len(cell) > MOST_TEXT:
        raise Unfit(_("give a text of at most %(n)s characters.") % {"n": f"{MOST_TEXT:,}"})
    if UNSTORABLE.search(cell):
        raise Unfit(_SAID["unstorable"])
    return cell


def _date(cell: Cell, kind: type[date] | None, such: str) -> str:
    text = _text(cell).strip()
    found = kind_of(text)
    if found is None or (kind and found is not kind):
        raise Unfit(_("give a date such as %(date)s.") % {"date": such if kind else "2026-11-27"})
    return text


def _any(cell: Cell) -> Value:
    """Return what YAML would make of a text: a parameter without a default has no type."""
    if isinstance(cell, bool):
        return cell
    text = cell.strip() if isinstance(cell, str) else ""
    if isinstance(cell, int) or WHOLE.fullmatch(text):
        return _whole(cell)
    if isinstance(cell, float) or NUMBER.fullmatch(text) or NOT_FINITE.fullmatch(text):
        return _number(cell)
    truth = _TRUTHS.get(text.lower())
    return _text(cell) if truth is None else truth


def _not_a(wanted: str, cell: Cell) -> Any:
    """Return why a cell is not what is wanted."""
    if cell is None or cell == "":
        return _SAID["empty"]
    if isinstance(cell, list):
        return _SAID["several"]
    if wanted in {"whole", "number"} and isinstance(cell, str):
        if NOT_FINITE.fullmatch(cell):
            return _SAID["finite"]
        if "," in cell and NUMBER.fullmatch(cell.replace(",", ".", 1)):
            return _SAID["comma"]
    return _SAID[wanted]


# Lazy: most of very many faults are counted and never read.
_SAID = {
    "whole": later("give a whole number."),
    "number": later("give a number."),
    "truth": later("give true or false."),
    "text": later("give a text."),
    "finite": later("give a finite number."),
    "comma": later("give a number with a decimal point, not a comma."),
    "several": later("give one value: lists and objects can't stand in a table."),
    "empty": later("the cell is empty; leave out the column to keep the default everywhere."),
    "large": later("give a whole number of at most 64 bits."),
    "exact": later(
        "give a number with a decimal point: a float can't hold this one to its last digit."
    ),
    "unstorable": later("this text has characters that can't be used."),
}
_TRUTHS = {"true": True, "false": False}
_OF: dict[type, Convert] = {int: _whole, float: _number, bool: _truth, str: _text}
