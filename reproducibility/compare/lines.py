"""Texts line by line; with a tolerance, numbers in otherwise equal lines are numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from reproducibility.compare.excerpts import excerpts
from reproducibility.compare.tally import Tally

_NUMBER = re.compile(r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,4})?")
MAX_NUMBERS = 10_000


def compare(where: str, recorded: Iterable[str], found: Iterable[str], tally: Tally) -> None:
    """Tell the lines that differ; `where` begins their names."""
    for number, (before, after) in enumerate(zip_longest(recorded, found), start=1):
        if before == after:
            tally.same()
        elif not tally.ignores(name := f"{where}line {number}"):
            _line(name, before, after, tally)


def _line(where: str, before: str | None, after: str | None, tally: Tally) -> None:
    if before is None or after is None:
        tally.told(where, "absent" if after is None else "new", before or "", after or "")
    elif tally.tolerance.numeric and (pairs := _numbers(before, after)):
        for one, other in pairs:
            tally.number(where, one, other)
    elif before.rstrip("\r\n") == after.rstrip("\r\n"):
        tally.told(where, "value", "another end of line", "this end of line")
    else:
        tally.told(where, "value", *excerpts(before.rstrip("\r\n"), after.rstrip("\r\n")))


def _numbers(before: str, after: str) -> list[tuple[float, float]]:
    """Return the numbers of two lines that are equal apart from them, else nothing."""
    if len(before) > MAX_NUMBERS or _NUMBER.sub("#", before) != _NUMBER.sub("#", after):
        return []
    rows = ([float(each) for each in _NUMBER.findall(line)] for line in (before, after))
    return list(zip(*rows, strict=True))
