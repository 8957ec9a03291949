"""Compare what a run gave with what was recorded: levels of equality, always with the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How equal two outputs are; the first is the best."""

    BIT_IDENTICAL = "bit-identical"
    DIFFERENT = "different"
    MISSING = "missing"


_ORDER = list(Level)


class Inputs(StrEnum):
    """What is known of the inputs of a run."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    CHANGED = "changed"


class Surroundings(StrEnum):
    """In which environment a run took place, seen from the recorded one."""

    EXACT = "exact"
    SUBSTITUTED = "substituted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OutputVerdict:
    """The comparison of one output."""

    path: str
    level: Level
    expected_sha256: str
    sha256: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of a whole run; `level` is that of its worst output."""

    level: Level
    environment: Surroundings
    inputs: Inputs
    outputs: tuple[OutputVerdict, ...]

    def as_json(self) -> Mapping[str, Any]:
        """Return it as the API tells it."""
        return asdict(self)


def judge(
    outputs: Iterable[OutputVerdict], *, environment: Surroundings, inputs: Inputs
) -> Verdict:
    """Return the verdict over a run's outputs; without any output nothing is reproduced."""
    judged = tuple(outputs)
    worst = max((output.level for output in judged), key=_ORDER.index, default=Level.MISSING)
    return Verdict(worst, environment, inputs, judged)
