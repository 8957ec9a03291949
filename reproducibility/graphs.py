"""A run's steps as a drawing: columns by what comes before what, with the state of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Protocol

from reproducibility.specs.steps import Graph

#: Sizes in units of the drawing, which a page scales.
WIDTH, HEIGHT, ACROSS, DOWN = 168, 44, 56, 16
MOST_NODES, MOST_LETTERS = 60, 21


class Step(Protocol):
    """A step as pages show it."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def state(self) -> str:
        """How far it is."""
        ...

    @property
    def duration(self) -> float | None:
        """How long it took, in seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """A step at its place; `label` is as much of the name as fits."""

    step: Step
    label: str
    x: int
    y: int

    @property
    def middle(self) -> int:
        """The height at which edges come and go."""
        return self.y + HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Edge:
    """A curve from one step to a later one, as SVG writes it."""

    path: str
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, and how large it is."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def draw(graph: Graph, steps: Sequence[Step]) -> Drawing | None:
    """Return the drawing of a graph that branches; a chain is better told as a list."""
    known = {step.name: step for step in steps}
    names = [name for name in graph.nodes if name in known]
    edges = [(one, other) for one, other in graph.edges if one in known and other in known]
    columns = _columns(names, edges)
    if not 1 < len(names) <= MOST_NODES or all(len(column) == 1 for column in columns):
        return None
    tallest = max(len(column) for column in columns)
    nodes = {
        name: _node(known[name], across, down, tallest - len(column))
        for across, column in enumerate(columns)
        for down, name in enumerate(column)
    }
    return Drawing(
        tuple(nodes.values()),
        tuple(_edge(nodes[one], nodes[other]) for one, other in edges),
        len(columns) * (WIDTH + ACROSS) - ACROSS,
        tallest * (HEIGHT + DOWN) - DOWN,
    )


def _columns(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the names by how many steps must come before each."""
    before: dict[str, set[str]] = {name: set() for name in names}
    for one, other in edges:
        before[other].add(one)
    levels: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        levels[name] = max((levels[each] + 1 for each in before[name]), default=0)
    columns: Mapping[int, list[str]] = defaultdict(list)
    for name in before:
        columns[levels[name]].append(name)
    return [columns[level] for level in sorted(columns)]


def _node(step: Step, across: int, down: int, missing: int) -> Node:
    """Return a step in its column, which stands in the middle of the tallest one."""
    label = step.name if len(step.name) <= MOST_LETTERS else f"{step.name[: MOST_LETTERS - 1]}…"
    y = down * (HEIGHT + DOWN) + missing * (HEIGHT + DOWN) // 2
    return Node(step, label, across * (WIDTH + ACROSS), y)


def _edge(one: Node, other: Node) -> Edge:
    start, end = one.x + WIDTH, other.x
    half = (start + end) // 2
    path = f"M{start} {one.middle}C{half} {one.middle} {half} {other.middle} {end} {other.middle}"
    return Edge(path, one.step.state)
