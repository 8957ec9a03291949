"""Serial workflows: one step after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproducibility.specs.steps.common import MAX_STEPS, once
from reproducibility.specs.steps.values import Edges
from reproducibility.specs.tolerant import at, items, mapping


def serial(specification: Mapping[str, Any], _files: Mapping[str, bytes]) -> Edges:
    """Return a chain; a step without a name has its number."""
    before: Edges = {}
    last: list[str] = []
    steps = items(at(specification, "workflow", "specification", "steps"))
    for number, step in enumerate(steps[: MAX_STEPS + 1], start=1):
        name = once(str(mapping(step).get("name") or f"step {number}"), before)
        before[name] = last
        last = [name]
    return before
