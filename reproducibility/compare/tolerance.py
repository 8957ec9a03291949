"""How far an output may be from the recorded one, as its analysis declares it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

MAX_IGNORED = 100
MAX_PATTERN = 200


@dataclass(frozen=True)
class Tolerance:
    """What may differ in one output; without anything declared its content must be equal.

    Two numbers agree when they are no further apart than `atol`, or than `rtol` times the larger
    of the two (PEP 485), so that it does not matter which is the recorded one. `statistical` is
    for outputs of chance: distributions are tested where numbers differ. `ignore` names keys,
    branches, columns or paths that are left out, with all that is in them; ``*`` in a name stands
    for any text.

    Raises
    ------
    ValueError
        A number is negative or none, or a name is empty or too long.
    """

    rtol: float = 0.0
    atol: float = 0.0
    statistical: bool = False
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(math.isfinite(each) and each >= 0 for each in (self.rtol, self.atol)):
            raise ValueError("A tolerance is a number from 0.")
        if len(self.ignore) > MAX_IGNORED:
            raise ValueError(f"At most {MAX_IGNORED} names can be left out.")
        if not all(0 < len(name) <= MAX_PATTERN for name in self.ignore):
            raise ValueError(f"A name that is left out has 1 to {MAX_PATTERN} characters.")

    @property
    def numeric(self) -> bool:
        """Whether numbers may differ at all."""
        return self.rtol > 0 or self.atol > 0

    def near(self, recorded: float, found: float) -> bool:
        """Tell whether two numbers agree; no number agrees with no number."""
        if equal(recorded, found):
            return True
        absolute, relative = distances(recorded, found)
        return absolute <= self.atol or relative <= self.rtol

    def ignores(self, where: str) -> bool:
        """Tell whether a place of the file is left out."""
        return bool(self.ignore) and self._ignored.fullmatch(where) is not None

    @cached_property
    def _ignored(self) -> re.Pattern[str]:
        names = (".*".join(map(re.escape, re.split(r"\*+", name))) for name in self.ignore)
        return re.compile(rf"/?(?:{'|'.join(names)})(?:[/.\[@].*)?", re.DOTALL)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "ignore": list(self.ignore)}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Read it from JSON; raises ValueError or TypeError when it is none."""
        return cls(
            rtol=float(told.get("rtol", 0.0)),
            atol=float(told.get("atol", 0.0)),
            statistical=bool(told.get("statistical", False)),
            ignore=tuple(map(str, told.get("ignore", ()))),
        )


def equal(recorded: float, found: float) -> bool:
    """Tell whether two numbers are equal; no number equals no number."""
    return recorded == found or (recorded != recorded and found != found)  # noqa: PLR0124 - NaN


def distances(recorded: float, found: float) -> tuple[float, float]:
    """Return absolute and relative (to the larger) distance, infinite where one is no number."""
    try:
        absolute = float(abs(found - recorded))
        relative = absolute / max(abs(recorded), abs(found), 5e-324)
    except OverflowError:  # whole numbers that no double holds
        return math.inf, math.inf
    known = math.isfinite(recorded) and math.isfinite(found)
    return (absolute, relative) if known else (math.inf, math.inf)


#: What is taken where nothing is declared.
EXACT = Tolerance()
