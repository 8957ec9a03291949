"""Compare what a run gave with what was recorded: levels of equality, always with the numbers."""

from __future__ import annotations

from reproducibility.compare.levels import Inputs, Level, Surroundings
from reproducibility.compare.tolerance import Tolerance
from reproducibility.compare.values import (
    Comparison,
    Difference,
    Figure,
    HistogramFigure,
    ImageFigure,
    StatisticalTest,
)
from reproducibility.compare.verdicts import OutputVerdict, Verdict, judge

__all__ = [
    "Comparison",
    "Difference",
    "Figure",
    "HistogramFigure",
    "ImageFigure",
    "Inputs",
    "Level",
    "OutputVerdict",
    "StatisticalTest",
    "Surroundings",
    "Tolerance",
    "Verdict",
    "judge",
]
