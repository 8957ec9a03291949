"""The points of a campaign: from a file, from rows, or from a plan, checked against an analysis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any, BinaryIO

from reproducibility.models import AnalysisVersion
from reproducibility.points import files, plans
from reproducibility.points.plans import Plan
from reproducibility.points.values import Points
from reproducibility.services.parameters import parameters_of
from vre_portal.config import get_config


def from_file(version: AnalysisVersion, file: BinaryIO) -> Points:
    """Return the points of a CSV, JSON or Parquet file; raises `Faulty` with every fault."""
    return files.load(file, parameters_of(version), python=get_config().preview_python)


def from_rows(
    version: AnalysisVersion, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Points:
    """Return points that were told as rows; raises `Faulty` with every fault."""
    text = json.dumps({"columns": list(columns), "rows": [list(row) for row in rows]})
    return from_file(version, BytesIO(text.encode()))


def from_plan(version: AnalysisVersion, plan: Plan) -> Points:
    """Return the points of a plan; raises `Faulty` with every fault."""
    return plans.make(plan, parameters_of(version))
