"""What a stranger's reana.yaml asks for beyond a container: secrets, users, other machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reproducibility.specs.loading import Unreadable, load
from reproducibility.specs.tolerant import at, items, mapping

#: What REANA takes from the secrets of whoever runs it.
SECRETS = {
    "kerberos": "Kerberos",
    "voms_proxy": "VOMS",
    "rucio": "Rucio",
}
#: Where a step runs, and as whom, if not as any other.
SETTINGS = ("kubernetes_uid", "compute_backend")
USUAL = ("kubernetes", 1000)


def secrets(text: str) -> list[str]:
    """Return whose secrets of the person a specification asks for, each once."""
    asked = {name for part in _parts(text) for name in SECRETS if part.get(name)}
    return [SECRETS[name] for name in SECRETS if name in asked]


def settings(text: str) -> list[str]:
    """Return what a specification sets of users and machines, as it writes it."""
    told = (
        f"{name}: {part[name]}"[:80]
        for part in _parts(text)
        for name in SETTINGS
        if part.get(name) is not None and part[name] not in USUAL
    )
    return list(dict.fromkeys(told))


def _parts(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the places of a specification that may ask: the workflow's resources, its steps."""
    try:
        workflow = mapping(at(load(text).value, "workflow"))
    except Unreadable:
        return
    yield mapping(workflow.get("resources"))
    yield from map(mapping, items(at(workflow, "specification", "steps")))
