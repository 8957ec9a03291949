"""What a version's specification says of its workflow, read leniently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from reproducibility.models import AnalysisVersion
from reproducibility.specs.steps import Graph, graph

#: Of these the engines other than serial read their steps, bytes at most.
MOST_BYTES = 1 << 20
STEP_FILES = (".yaml", ".yml", ".json", ".cwl", ".smk", "Snakefile")


def specification_of(version: AnalysisVersion) -> Mapping[str, Any]:
    """Return a version's reana.yaml as it was loaded, empty where it is none."""
    loaded = yaml.safe_load(version.specification)
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
    return graph(specification, step_files(version))


def step_files(version: AnalysisVersion) -> dict[str, bytes]:
    """Return the files of a version that may hold steps, by path."""
    rows = version.files.all().values_list("path", "content")
    return {
        path: bytes(content)
        for path, content in rows
        if path.endswith(STEP_FILES) and len(content) <= MOST_BYTES
    }
