"""Where the points of a campaign come from: a plan, rows, or a file, each with how it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from reproducibility.models import AnalysisVersion
from reproducibility.points.plans import Plan
from reproducibility.points.values import Points
from reproducibility.services.campaigns import tables

LONGEST_NAME = 200
TABLE = "table"


@dataclass(frozen=True, slots=True)
class Brought:
    """Points, and what a campaign keeps of how they were made."""

    points: Points = field(repr=False)
    source: Mapping[str, Any]


def from_plan(version: AnalysisVersion, plan: Plan) -> Brought:
    """Return the points of a plan, which can be made again of what is kept; raises `Faulty`."""
    fields = {name: text for name, text in plan.fields.items() if text.strip()}
    chance = {"points": plan.points, "seed": plan.seed} if plan.way.by_chance else {}
    source = {"kind": str(plan.way), "fields": fields, **chance}
    return Brought(tables.from_plan(version, plan), source)


def from_file(version: AnalysisVersion, file: BinaryIO, name: str) -> Brought:
    """Return the points of a CSV, JSON or Parquet file; raises `Faulty` with every fault."""
    return Brought(tables.from_file(version, file), {"kind": TABLE, "name": name[:LONGEST_NAME]})


def from_rows(
    version: AnalysisVersion, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Brought:
    """Return points that were told as rows; raises `Faulty` with every fault."""
    return Brought(tables.from_rows(version, columns, rows), {"kind": TABLE})
