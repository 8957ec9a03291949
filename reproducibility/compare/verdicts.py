"""Verdicts: of one output, and of a run, which is as good as the worst of its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from reproducibility.compare.levels import Inputs, Level, Surroundings, worst
from reproducibility.compare.tolerance import Tolerance
from reproducibility.compare.values import Comparison


@dataclass(frozen=True, slots=True)
class OutputVerdict:
    """The comparison of one output; `comparison` is there where contents were compared."""

    path: str
    level: Level
    expected_sha256: str
    sha256: str = ""
    detail: str = ""
    comparison: Comparison | None = None
    tolerance: Tolerance | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "path": self.path,
            "level": self.level.value,
            "expected_sha256": self.expected_sha256,
            "sha256": self.sha256,
            "detail": self.detail,
            "comparison": self.comparison.as_json() if self.comparison else None,
            "tolerance": self.tolerance.as_json() if self.tolerance else None,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Return what `as_json` told, now or when verdicts knew less."""
        comparison, tolerance = told.get("comparison"), told.get("tolerance")
        return cls(
            path=told["path"],
            level=Level(told["level"]),
            expected_sha256=told["expected_sha256"],
            sha256=told["sha256"],
            detail=told["detail"],
            comparison=Comparison.from_json(comparison) if comparison else None,
            tolerance=Tolerance.from_json(tolerance) if tolerance else None,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The comparison of a whole run; `level` is that of its worst output."""

    level: Level
    environment: Surroundings
    inputs: Inputs
    outputs: tuple[OutputVerdict, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "level": self.level.value,
            "environment": self.environment.value,
            "inputs": self.inputs.value,
            "outputs": [output.as_json() for output in self.outputs],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Return what `as_json` told, now or when verdicts knew less."""
        return cls(
            level=Level(told["level"]),
            environment=Surroundings(told["environment"]),
            inputs=Inputs(told["inputs"]),
            outputs=tuple(map(OutputVerdict.from_json, told["outputs"])),
        )


def judge(
    outputs: Iterable[OutputVerdict], *, environment: Surroundings, inputs: Inputs
) -> Verdict:
    """Return the verdict over a run's outputs; without any output nothing is reproduced."""
    judged = tuple(outputs)
    level = worst((output.level for output in judged), otherwise=Level.MISSING)
    return Verdict(level, environment, inputs, judged)
