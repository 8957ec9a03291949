"""All parts of the demo put together: the components in their order, and the environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from demo.iam import component as iam
from demo.jupyterhub import component as jupyterhub
from demo.mail import component as mail
from demo.node import component as node
from demo.portal import component as portal
from demo.postgres import component as postgres
from demo.reana import component as reana
from demo.rucio import component as rucio
from demo.stack import Component
from demo.storage import component as storage
from demo.valkey import component as valkey

PARTS: Mapping[str, ModuleType] = {
    "postgres": postgres,
    "valkey": valkey,
    "node": node,
    "iam": iam,
    "rucio": rucio,
    "storage": storage,
    "mail": mail,
    "jupyterhub": jupyterhub,
    "reana": reana,
    "portal": portal,
}


def components() -> tuple[Component, ...]:
    """Return every component, each after those it needs."""
    known = {each.name: each for part in PARTS.values() for each in part.COMPONENTS}
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
    return {name: path for part in PARTS.values() for name, path in part.ENVIRONMENTS.items()}
