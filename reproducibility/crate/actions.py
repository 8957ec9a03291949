"""The runs that a crate tells of: the recorded one, and the reproductions that were signed."""

from __future__ import annotations

from collections.abc import Iterator

from reproducibility.crate.describing import images
from reproducibility.crate.graph import Graph
from reproducibility.crate.parts import Made
from reproducibility.crate.terms import (
    FINISHED,
    ORCID,
    RECORDED,
    SPECIFICATION,
    Entity,
    local,
    named,
    ref,
)
from reproducibility.crate.values import Contents, Reproduction


def add(graph: Graph, contents: Contents, made: Made) -> list[Entity]:
    """Add the runs and return references to them, the recorded one first."""
    given = [*made.values, *made.inputs, *made.files]
    recorded = graph.add(
        RECORDED, "CreateAction",
        name="The run whose outputs are recorded",
        description="The run of the authors that others are compared with.",
        instrument=ref(SPECIFICATION),
        object=given,
        result=list(made.outputs.values()),
        actionStatus=FINISHED,
        containerImage=images(graph, contents),
    )  # fmt: skip
    return [recorded, *(_again(graph, each, contents, made) for each in contents.reproductions)]


def key_of(verdict: str) -> str:
    """Return the `@id` of the run that a verdict is on."""
    return named("reproduction", verdict)


def _again(graph: Graph, told: Reproduction, contents: Contents, made: Made) -> Entity:
    files = [ref(local(extra.path)) for extra in contents.extras if extra.about == key_of(told.key)]
    return graph.add(
        key_of(told.key), "CreateAction",
        name=f"Reproduction: {told.level}",
        description=(
            f"The outputs were {told.level}; environment: {told.environment}, "
            f"inputs: {told.inputs}. The signed statement tells of each output."
        ),
        instrument=ref(SPECIFICATION),
        agent=ref(f"{ORCID}{told.agent}") if told.agent else None,
        startTime=told.started,
        endTime=told.ended,
        object=[*made.values, *made.inputs, *made.files],
        result=list(_same(told, contents, made)),
        actionStatus=FINISHED,
        subjectOf=files,
    )  # fmt: skip


def _same(told: Reproduction, contents: Contents, made: Made) -> Iterator[Entity]:
    """Yield the outputs of which it gave the very bytes that are recorded."""
    for output in contents.outputs:
        if told.outputs.get(output.path) == output.sha256:
            yield made.outputs[output.path]
