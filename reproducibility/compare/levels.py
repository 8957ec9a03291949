"""The words of a verdict: how equal outputs are, what is known of inputs and surroundings."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Level(StrEnum):
    """How equal two outputs are; the first is the best."""

    BIT_IDENTICAL = "bit-identical"
    CONTENT_IDENTICAL = "content-identical"
    NUMERICALLY_EQUAL = "numerically-equal"
    STATISTICALLY_COMPATIBLE = "statistically-compatible"
    DIFFERENT = "different"
    MISSING = "missing"


_ORDER = list(Level)


def worst(levels: Iterable[Level], *, otherwise: Level) -> Level:
    """Return the worst of some levels, or another word where there is none."""
    return max(levels, key=_ORDER.index, default=otherwise)


class Inputs(StrEnum):
    """What is known of the inputs of a run."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    CHANGED = "changed"


class Surroundings(StrEnum):
    """In which environment a run took place, seen from the recorded one."""

    EXACT = "exact"
    SAME_LOCK = "same-lock"
    SUBSTITUTED = "substituted"
    UNKNOWN = "unknown"
