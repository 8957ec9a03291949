"""Which profile a crate follows, by name and version."""

from __future__ import annotations

import re

from reproducibility.crate.entities import Entities, ids, text

PLAIN = "w3id.org/ro/crate/"
#: By the start of the address, which ends with the version; those that tell more go first, and a
#: profile that is not known here before the plain specification.
KNOWN = {
    "w3id.org/ro/wfrun/provenance/": "Provenance Run Crate",
    "w3id.org/ro/wfrun/workflow/": "Workflow Run Crate",
    "w3id.org/workflowhub/workflow-ro-crate/": "Workflow RO-Crate",
    "w3id.org/ro/wfrun/process/": "Process Run Crate",
    "w3id.org/5s-crate/": "Five Safes RO-Crate",
    "": "",
    PLAIN: "RO-Crate",
}
_SCHEME, _VERSION = re.compile(r"^https?://"), re.compile(r"\d[\w.]{0,15}")
_LONGEST = 80


def profile_of(entities: Entities) -> str:
    """Return the profile that tells most of a crate, such as "Workflow Run Crate 0.5"."""
    told = [*ids(entities.root.get("conformsTo")), *ids(entities.descriptor.get("conformsTo"))]
    first = min(told, key=lambda key: list(KNOWN).index(_start(key)), default="")
    start = _start(first)
    if not start:
        return _called(first, entities) or KNOWN[PLAIN]
    version = _VERSION.match(_SCHEME.sub("", first).removeprefix(start))
    return f"{KNOWN[start]} {version[0]}" if version else KNOWN[start]


def _start(key: str) -> str:
    """Return how the address of a known profile starts; empty for another one."""
    bare = _SCHEME.sub("", key)
    return next((start for start in KNOWN if start and bare.startswith(start)), "")


def _called(key: str, entities: Entities) -> str:
    """Return what the crate itself calls a profile, else its address."""
    told = entities.get(key)
    name = f"{text(told.get('name'))} {text(told.get('version'))}".strip()
    return (name or text(key))[:_LONGEST]
