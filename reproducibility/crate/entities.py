"""A crate's entities as strangers write them: read leniently, whatever stands where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reproducibility.crate.terms import METADATA, ROOT

#: A longer document is no honest one: some 10,000 files take as much.
MOST_BYTES = 8 << 20

Read = Mapping[str, Any]
_DIGITS = re.compile(r"\d{1,18}")


class Entities:
    """The entities of a crate, by their `@id`."""

    def __init__(self, document: bytes) -> None:
        """Read the metadata.

        Raises
        ------
        ValueError
            It is no JSON-LD of a crate, or too long.
        """
        if len(document) > MOST_BYTES:
            raise ValueError("too long")
        try:
            graph = json.loads(document)["@graph"]
            self._known = {str(each["@id"]): each for each in graph if isinstance(each, dict)}
        except (TypeError, KeyError, RecursionError) as exc:
            raise ValueError("no graph") from exc
        self.root = self._root()
        if not self.root:
            raise ValueError("no root")

    def get(self, key: str) -> Read:
        """Return an entity; an empty one where there is none."""
        return self._known.get(key, {})

    def below(self, entity: Read, name: str) -> Iterator[Read]:
        """Yield the entities that a member of an entity names."""
        for key in ids(entity.get(name)):
            if found := self.get(key):
                yield found

    def values(self, entity: Read) -> dict[str, Any]:
        """Return the additional properties of an entity by their names."""
        told = self.below(entity, "additionalProperty")
        return {text(each.get("name")): each.get("value") for each in told}

    def _root(self) -> Read:
        """Return what the descriptor is about; RO-Crate 1.1 calls it `./`, others as they like."""
        about = next(ids(self.get(METADATA).get("about")), ROOT)
        return self.get(about) or self.get(ROOT)


def ids(told: object) -> Iterator[str]:
    """Yield the ids of one reference or of several."""
    for each in told if isinstance(told, list) else [told]:
        if isinstance(each, dict) and isinstance(each.get("@id"), str):
            yield each["@id"]


def text(told: object) -> str:
    """Return a text on one line, of letters that can be seen; empty where there is none."""
    line = " ".join(told.split()) if isinstance(told, str) else ""
    return "".join(each for each in line if each.isprintable())


def texts(told: object, most: int) -> tuple[str, ...]:
    """Return one text or several."""
    several = told if isinstance(told, list) else [told]
    return tuple(filter(None, (text(each) for each in several[:most])))


def types(entity: Read) -> tuple[str, ...]:
    """Return the types of an entity."""
    return texts(entity.get("@type"), 20)


def number(told: object) -> int | None:
    """Return a size, told as a number or as its digits; None where it is none."""
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 1 << 62:
        return told
    if isinstance(told, str) and _DIGITS.fullmatch(told) and told.isascii():
        return int(told)
    return None
