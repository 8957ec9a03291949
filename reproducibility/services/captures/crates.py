"""RO-Crates: what `ro-crate-metadata.json` says of an analysis (RO-Crate 1.1, section 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reproducibility.capture.values import Author, FoundFile

METADATA = "ro-crate-metadata.json"
ROOT = "./"
SPDX = ("https://spdx.org/licenses/", "http://spdx.org/licenses/")
ORCID = ("https://orcid.org/", "http://orcid.org/")
MOST_AUTHORS = 200

Entity = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """What a crate tells; what it does not is empty."""

    title: str = ""
    summary: str = ""
    licence: str = ""
    authors: tuple[Author, ...] = ()
    entry: str = ""


def described(files: list[FoundFile]) -> Described | None:
    """Return what the crate's metadata says; None where there are none that can be read."""
    found = next((file for file in files if file.path == METADATA and file.content), None)
    if found is None:
        return None
    try:
        graph = json.loads(found.content or b"")["@graph"]
        entities = {str(each["@id"]): each for each in graph}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    root = entities.get(ROOT)
    return _described(root, entities) if isinstance(root, dict) else None


def _described(root: Entity, entities: Mapping[str, Entity]) -> Described:
    entry = next(_ids(root.get("mainEntity")), "")
    return Described(
        title=_text(root.get("name"))[:200],
        summary=_text(root.get("description")),
        licence=_licence(root.get("license"), entities),
        authors=tuple(_authors(root, entities)),
        entry=entry.removeprefix(ROOT),
    )


def _licence(told: object, entities: Mapping[str, Entity]) -> str:
    """Return the SPDX identifier where the crate names one, else the licence's name."""
    named = next(_ids(told), "") or _text(told)
    for prefix in SPDX:
        if named.startswith(prefix):
            return named.removeprefix(prefix).removesuffix(".html").strip("/")[:80]
    return _text(entities.get(named, {}).get("name"))[:80] or named[:80]


def _authors(root: Entity, entities: Mapping[str, Entity]) -> Iterator[Author]:
    keys = [*_ids(root.get("author")), *_ids(root.get("creator"))]
    for key in list(dict.fromkeys(keys))[:MOST_AUTHORS]:
        name = _text(entities.get(key, {}).get("name"))
        prefix = next((each for each in ORCID if key.startswith(each)), None)
        if name:
            yield Author(name[:200], key.removeprefix(prefix) if prefix else "")


def _ids(told: object) -> Iterator[str]:
    """Yield the ids of one reference or of several."""
    for each in told if isinstance(told, list) else [told]:
        if isinstance(each, dict) and isinstance(each.get("@id"), str):
            yield each["@id"]


def _text(told: object) -> str:
    return " ".join(told.split()) if isinstance(told, str) else ""
