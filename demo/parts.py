"""All parts of the demo put together: the components in their order, and the environments."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from demo.stack import Component

PARTS = ("postgres", "valkey", "node", "iam", "rucio", "jupyterhub", "reana", "portal")


def module(part: str) -> ModuleType | None:
    """Return a part's description."""
    name = f"demo.{part}.component"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name and name.startswith(exc.name):
            return None
        raise


def modules() -> list[ModuleType]:
    """Return the descriptions of all parts."""
    return [found for part in PARTS if (found := module(part))]


def components() -> tuple[Component, ...]:
    """Return every component, each after those it needs."""
    known = {each.name: each for part in modules() for each in part.COMPONENTS}
    ordered: dict[str, Component] = {}

    def visit(name: str) -> None:
        if name in ordered or name not in known:
            return
        for need in known[name].needs:
            visit(need)
        ordered[name] = known[name]

    for name in known:
        visit(name)
    return tuple(ordered.values())


def with_their_needs(names: Iterable[str]) -> tuple[Component, ...]:
    """Return the named components and what they need, in order; raise KeyError at a wrong name."""
    known = {each.name: each for each in components()}
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            waiting += [need for need in known[name].needs if need in known]
            wanted.add(name)
    return tuple(each for each in known.values() if each.name in wanted)


def requirements() -> dict[str, Path]:
    """Return every environment's compiled requirements."""
    return {name: path for part in modules() for name, path in part.ENVIRONMENTS.items()}
