"""What is plotted, and the shapes of an SVG that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from data_mgmt.preview_charts import Tick

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 100, 16, 34, 340
SHADES = 8
#: Rows that stand beside a drawing.
MOST_ROWS = 100
LONGEST_NAME = 40
#: The level of an exclusion at 95 %.
EXCLUDED = 0.05


class Kind(StrEnum):
    """What is drawn."""

    SCATTER = "scatter"
    CONTOUR = "contour"


@dataclass(frozen=True, slots=True)
class Choice:
    """The columns of a plot, `z` being empty for none, and which of x, y, z are logarithmic."""

    x: str
    y: str
    z: str = ""
    kind: Kind = Kind.SCATTER
    level: float = EXCLUDED
    log: tuple[str, ...] = ()


class Sample(NamedTuple):
    """A point of the campaign; what is no number is None."""

    number: int
    x: float | None
    y: float | None
    z: float | None = None


class Spot(NamedTuple):
    """A point that can be drawn."""

    number: int
    x: float
    y: float
    z: float | None


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in the drawing, its class, and what it says."""

    x: str
    y: str
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A bin of a density in the drawing, its class, and what it says."""

    x: str
    y: str
    width: str
    height: str
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """What the colours say: the name, the lightest and the darkest value."""

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is drawn within the axes, its text alternative, and rows that say the same."""

    summary: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    dots: tuple[Dot, ...] = ()
    boxes: tuple[Box, ...] = ()
    line: str = ""
    scale: Scale | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its axes, and sentences about what it shows and leaves out."""

    choice: Choice
    notes: tuple[str, ...]
    shapes: Shapes | None = None
    across: tuple[Tick, ...] = ()
    up: tuple[Tick, ...] = ()
    shades: tuple[int, ...] = tuple(range(SHADES))
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = BOTTOM

    @property
    def x(self) -> str:
        """What goes across, short enough for the drawing."""
        return _short(self.choice.x)

    @property
    def y(self) -> str:
        """What goes up, short enough for the drawing."""
        return _short(self.choice.y)

    @property
    def rows_left(self) -> int:
        """How many rows are not shown."""
        return max(0, len(self.shapes.rows) - MOST_ROWS) if self.shapes else 0

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The rows that are shown."""
        return self.shapes.rows[:MOST_ROWS] if self.shapes else ()


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
