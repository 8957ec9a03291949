"""The steps of a workflow as a graph, for each engine that REANA has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from reproducibility.specs.steps.common import limited
from reproducibility.specs.steps.cwl import cwl
from reproducibility.specs.steps.serial import serial
from reproducibility.specs.steps.snakemake import snakemake
from reproducibility.specs.steps.values import EMPTY, Edges, Graph
from reproducibility.specs.steps.yadage import yadage
from reproducibility.specs.tolerant import at

__all__ = ["Graph", "graph"]

Reader: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, bytes]], Edges]

_ENGINES: Mapping[str, Reader] = {
    "serial": serial,
    "snakemake": snakemake,
    "cwl": cwl,
    "yadage": yadage,
}


def graph(specification: Mapping[str, Any], files: Mapping[str, bytes]) -> Graph:
    """Return the steps of a loaded reana.yaml and what must come before what.

    `files` are the contents by path; the engines other than serial keep their steps there. What
    can't be understood, a circle among it, gives an empty graph.
    """
    read = _ENGINES.get(str(at(specification, "workflow", "type")))
    if read is None:
        return EMPTY
    return _checked(read(specification, files))


def _checked(before: Edges) -> Graph:
    """Return a graph without edges to what is no step, empty where there is a circle."""
    if not limited(before):
        return EMPTY
    known = {name: [each for each in needed if each in before] for name, needed in before.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError:
        return EMPTY
    edges = tuple((first, name) for name, needed in known.items() for first in needed)
    return Graph(tuple(known), edges)
