"""The graph of a crate's metadata: entities by their `@id`, each once, without empty members."""

from __future__ import annotations

import json
from typing import Any

from reproducibility.crate.terms import CONTEXT, MORE_TERMS, Entity, ref

EMPTY: tuple[object, ...] = ("", None, [], {})


class Graph:
    """Takes entities in the order in which they are to stand."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}

    def add(self, key: str, kind: str | list[str], **members: Any) -> Entity:
        """Add an entity, unless it is there, and return a reference to it."""
        told = {name: _alone(value) for name, value in members.items() if value not in EMPTY}
        self._entities.setdefault(key, {"@id": key, "@type": kind, **told})
        return ref(key)

    def value(self, key: str, name: str, value: object, **members: Any) -> Entity:
        """Add a name with a value, unless it is there, and return a reference to it."""
        entity = {"@id": key, "@type": "PropertyValue", "name": name, "value": value, **members}
        self._entities.setdefault(key, entity)
        return ref(key)

    def take(self, other: Graph) -> None:
        """Add what another graph has."""
        for key, entity in other._entities.items():
            self._entities.setdefault(key, entity)

    def written(self) -> bytes:
        """Return the JSON-LD."""
        told = {"@context": [CONTEXT, MORE_TERMS], "@graph": list(self._entities.values())}
        text = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
        return text.encode()


def _alone(value: Any) -> Any:
    """Return the one value of a list that has no other (RO-Crate 1.1, appendix on JSON-LD)."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
