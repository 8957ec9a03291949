"""Yadage workflows: stages, and the stages that each one waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reproducibility.specs.steps.common import once, workflow_document
from reproducibility.specs.steps.values import Edges
from reproducibility.specs.tolerant import at, items, mapping


def yadage(specification: Mapping[str, Any], files: Mapping[str, bytes]) -> Edges:
    """Return the stages with those that they depend on, or whose outputs they read."""
    stages = items(workflow_document(specification, files).get("stages"))
    before: Edges = {}
    for number, stage in enumerate(stages, start=1):
        name = once(str(mapping(stage).get("name") or f"stage {number}"), before)
        before[name] = list(dict.fromkeys(each for each in _needed(stage) if each != name))
    return before


def _needed(stage: object) -> Iterator[str]:
    dependencies = mapping(stage).get("dependencies")
    if isinstance(dependencies, Mapping):
        dependencies = dependencies.get("expressions")
    for expression in items(dependencies):
        yield _stage(expression)
    for value in _parameters(at(stage, "scheduler", "parameters")):
        yield _stage(mapping(value).get("step") or mapping(value).get("stages"))


def _parameters(written: object) -> Iterator[Any]:
    """Yield the values of parameters: by name, or as a list of keys with values."""
    yield from mapping(written).values()
    for each in items(written):
        yield mapping(each).get("value")


def _stage(expression: object) -> str:
    """Return the stage of an expression such as `data[*].merge`."""
    return re.split(r"[.\[\s]", str(expression or ""), maxsplit=1)[0]
