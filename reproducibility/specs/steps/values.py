"""A graph of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

#: By each step, in the order in which they are written, the steps that come before it.
Edges: TypeAlias = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps by name, as they are written, and edges from the one that comes first to the other."""

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


EMPTY = Graph((), ())
