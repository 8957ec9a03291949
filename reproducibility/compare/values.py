"""What a comparison of two contents found: numbers, tests and figures, all of bounded size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

#: So many differences are told one by one; all are counted.
MAX_DIFFERENCES = 20
MAX_TESTS = 20
MAX_FIGURES = 4
MAX_BINS = 100
MAX_WHERE = 200
MAX_VALUE = 80
#: Characters of a picture in base 64.
MAX_PNG = 80_000
#: Bytes of one output's comparison as JSON, whatever its files hold.
MAX_JSON = 190_000

Kind = Literal["value", "length", "type", "absent", "new"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two contents differ.

    `absolute` and `relative` (to the larger of the two) are there where both are finite numbers;
    `recorded` and `found` are texts, so that no number loses a digit on its way.
    """

    where: str
    kind: Kind
    recorded: str = ""
    found: str = ""
    absolute: float | None = None
    relative: float | None = None


@dataclass(frozen=True, slots=True)
class StatisticalTest:
    """A statistical test of one distribution; compatible when `p_value` is not below `threshold`.

    `statistic` is chi-squared over `degrees` of freedom, or the largest distance of two cumulative
    distributions of `sizes` values each.
    """

    where: str
    name: Literal["chi2", "kolmogorov-smirnov"]
    statistic: float
    p_value: float
    threshold: float
    degrees: int = 0
    sizes: tuple[int, int] = (0, 0)

    @property
    def passed(self) -> bool:
        """Whether the two are compatible."""
        return self.p_value >= self.threshold


@dataclass(frozen=True, slots=True)
class HistogramFigure:
    """Two histograms with the same `edges`, to be drawn over each other: one edge more than bins.

    `sampled` tells that it was filled from evenly chosen values, not from all.
    """

    where: str
    edges: tuple[float, ...]
    recorded: tuple[float, ...]
    found: tuple[float, ...]
    sampled: bool = False
    kind: Literal["histogram"] = "histogram"


@dataclass(frozen=True, slots=True)
class ImageFigure:
    """The difference of two pictures as PNG in base 64: the brighter, the larger."""

    where: str
    png: str
    width: int
    height: int
    kind: Literal["image"] = "image"


Figure = HistogramFigure | ImageFigure


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing two contents: counts, the largest differences, tests, figures.

    `compared`, `differing` and `beyond` count values: all, those that differ, and those that
    differ by more than the tolerance. `ignored` is what was left out, as it was declared.
    """

    format: str
    compared: int = 0
    differing: int = 0
    beyond: int = 0
    largest_absolute: Difference | None = None
    largest_relative: Difference | None = None
    differences: tuple[Difference, ...] = ()
    tests: tuple[StatisticalTest, ...] = ()
    figures: tuple[Figure, ...] = ()
    ignored: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Return what `as_json` told."""
        return cls(
            **{
                **told,
                "largest_absolute": _difference(told["largest_absolute"]),
                "largest_relative": _difference(told["largest_relative"]),
                "differences": tuple(Difference(**each) for each in told["differences"]),
                "tests": tuple(
                    StatisticalTest(**{**each, "sizes": _pair(each)}) for each in told["tests"]
                ),
                "figures": tuple(map(_figure, told["figures"])),
                "ignored": tuple(told["ignored"]),
            }
        )

    def bounded(self) -> Self:
        """Return it without its last figures, and then differences, as far as it is too long."""
        made = self
        while len(json.dumps(made.as_json())) > MAX_JSON and (made.figures or made.differences):
            if made.figures:
                made = replace(made, figures=made.figures[:-1])
            else:
                made = replace(made, differences=made.differences[:-1])
        return made


def _difference(told: Mapping[str, Any] | None) -> Difference | None:
    return None if told is None else Difference(**told)


def _pair(told: Mapping[str, Any]) -> tuple[int, int]:
    first, second = told["sizes"]
    return first, second


def _figure(told: Mapping[str, Any]) -> Figure:
    if told["kind"] == "image":
        return ImageFigure(**told)
    rows = {name: tuple(told[name]) for name in ("edges", "recorded", "found")}
    return HistogramFigure(**{**told, **rows})
