"""CWL workflows: a step reads what another one gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reproducibility.specs.steps.common import workflow_document
from reproducibility.specs.steps.values import Edges
from reproducibility.specs.tolerant import items, mapping


def cwl(specification: Mapping[str, Any], files: Mapping[str, bytes]) -> Edges:
    """Return the steps of the main workflow, with the steps of which each names an output."""
    workflow = _main(workflow_document(specification, files))
    steps = dict(_identified(workflow.get("steps")))
    return {name: _sources(step, set(steps) - {name}) for name, step in steps.items()}


def _main(document: Mapping[str, Any]) -> Mapping[str, Any]:
    packed = [mapping(each) for each in items(document.get("$graph"))]
    workflows = [each for each in packed if each.get("class") == "Workflow"]
    named = [each for each in workflows if _last(each.get("id")) == "main"]
    return [*named, *workflows, document][0]


def _identified(written: object) -> Iterator[tuple[str, Any]]:
    """Yield what CWL writes as a mapping by id or as a list of things with an id."""
    if isinstance(written, Mapping):
        yield from ((str(key), value) for key, value in written.items())
    for each in items(written):
        if name := _last(mapping(each).get("id")):
            yield name, each


def _sources(step: object, known: set[str]) -> list[str]:
    found: list[str] = []
    for _name, value in _identified(mapping(step).get("in")):
        source = value.get("source") if isinstance(value, Mapping) else value
        for each in source if isinstance(source, list) else [source]:
            parts = str(each or "").replace("#", "/").split("/")[:-1]
            found += [part for part in parts if part in known and part not in found]
    return found


def _last(name: object) -> str:
    return str(name or "").replace("#", "/").rsplit("/", 1)[-1]
