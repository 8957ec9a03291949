"""What a version's specification says of its workflow, read leniently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from django.core.cache import cache
from django.db.models import Q
from django.db.models.functions import Length

from reproducibility.backends import WorkflowLogs
from reproducibility.models import AnalysisVersion
from reproducibility.specs.dates import load
from reproducibility.specs.steps import Graph, graph

#: Of these the engines other than serial read their steps, bytes at most.
MOST_BYTES = 1 << 20
KEPT_SECONDS = 3600
STEP_FILES = (".yaml", ".yml", ".json", ".cwl", ".smk", "Snakefile")


def specification_of(version: AnalysisVersion) -> Mapping[str, Any]:
    """Return a version's reana.yaml as it was loaded, dates as texts, empty where it is none."""
    loaded = load(version.specification)
    return loaded if isinstance(loaded, dict) else {}


def engine_of(version: AnalysisVersion) -> str:
    """Return the name of the engine that runs a version."""
    workflow = specification_of(version).get("workflow")
    return str(workflow.get("type") or "") if isinstance(workflow, dict) else ""


def steps_of(version: AnalysisVersion) -> Graph:
    """Return the steps of a version and their order, as far as they can be read beforehand."""
    specification = specification_of(version)
    if engine_of(version) == "serial":
        return graph(specification, {})
    # A version never changes, and a page of a run asks for its steps again and again.
    key = f"steps:{version.pk}"
    found: Graph | None = cache.get(key)
    if found is None:
        found = graph(specification, step_files(version))
        cache.set(key, found, timeout=KEPT_SECONDS)
    return found


def step_files(version: AnalysisVersion) -> dict[str, bytes]:
    """Return the files of a version that may hold steps, by path."""
    named = reduce(or_, (Q(path__endswith=ending) for ending in STEP_FILES))
    rows = version.files.filter(named).annotate(bytes=Length("content"))
    kept = rows.filter(bytes__lte=MOST_BYTES).values_list("path", "content")
    return {path: bytes(content) for path, content in kept}


def named(version: AnalysisVersion, logs: WorkflowLogs) -> WorkflowLogs:
    """Return logs in which jobs of steps without a name have the name that the portal gave these.

    A serial workflow runs its commands one after the other, each as a job.
    """
    names = iter(_nameless(version))
    steps = (job if job.name else replace(job, name=next(names, "")) for job in logs.steps)
    return replace(logs, steps=tuple(steps))


def _nameless(version: AnalysisVersion) -> Iterator[str]:
    """Yield the given name of each command of a serial workflow whose step has none."""
    if engine_of(version) != "serial":
        return
    inner = specification_of(version)["workflow"].get("specification")
    rows = inner.get("steps") if isinstance(inner, dict) else None
    for name, row in zip(steps_of(version).nodes, rows or (), strict=False):
        if isinstance(row, dict) and not row.get("name"):
            yield from [name] * len(row.get("commands") or ())
