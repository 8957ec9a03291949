"""Tables and plans for tests, and what comes of them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from reproducibility.points import caged, files, plans
from reproducibility.points.plans import Plan, Way
from reproducibility.points.values import Faulty, Points
from reproducibility.specs.dates import Dated

#: For properties: a shared machine is slow at times, which is no fault.
unhurried = settings(deadline=None)

#: One parameter of each type.
DEFAULTS: Mapping[str, Any] = {
    "mass": 91.2, "events": 1000, "label": "m", "quick": True, "day": Dated("2026-11-27"),
    "cuts": [1, 2], "free": None,
}  # fmt: skip


def loaded(
    content: str | bytes,
    defaults: Mapping[str, Any] = DEFAULTS,
    *,
    python: Path | None = None,
    cost: caged.Cost | None = None,
) -> Points:
    """The points of a file."""
    raw = content.encode() if isinstance(content, str) else content
    return files.load(io.BytesIO(raw), defaults, python=python, cost=cost)


def refused(
    content: str | bytes,
    defaults: Mapping[str, Any] = DEFAULTS,
    *,
    python: Path | None = None,
    cost: caged.Cost | None = None,
) -> Faulty:
    """Why there are none."""
    with pytest.raises(Faulty) as caught:
        loaded(content, defaults, python=python, cost=cost)
    return caught.value


def told(faulty: Faulty) -> list[tuple[int | None, str, str]]:
    """Row, column and reason of each fault."""
    return [(fault.row, fault.column, fault.reason) for fault in faulty.faults]


def plan(way: Way, *, points: int = 0, seed: int = 0, **fields: str) -> Plan:
    """A plan of the parameters above."""
    return Plan(way, fields, points, seed)


def made(way: Way, *, points: int = 0, seed: int = 0, **fields: str) -> Points:
    """The points of a plan."""
    return plans.make(plan(way, points=points, seed=seed, **fields), DEFAULTS)


def not_made(way: Way, *, points: int = 0, seed: int = 0, **fields: str) -> Faulty:
    """Why there are none."""
    with pytest.raises(Faulty) as caught:
        made(way, points=points, seed=seed, **fields)
    return caught.value
