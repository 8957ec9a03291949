"""A crate's entities as strangers write them: read leniently, whatever stands where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from reproducibility.crate.terms import DESCRIPTORS, ROOT

#: A longer document is no honest one: some 10,000 files take as much.
MOST_BYTES = 8 << 20
#: Each object and each list takes memory of some 20 times its text.
MOST_OBJECTS = 400_000
#: So many references are followed: where all point at the same, a short document is a long way.
MOST_STEPS = 500_000
#: Names, ids and paths are shorter.
LONGEST_LINE = 500

Read = Mapping[str, Any]
_DIGITS = re.compile(r"\d{1,18}")


class Flaw(StrEnum):
    """Why metadata can't be read."""

    TOO_LONG = "too long"
    NO_JSON = "no JSON"
    NO_ENTITIES = "no entities"
    NO_ROOT = "no root"
    ROUNDABOUT = "roundabout"


class Unreadable(ValueError):
    """The metadata of a crate can't be read; `flaw` says why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


class Entities:
    """The entities of a crate, by their `@id`.

    Of several with one id the first says what it is, and the others what it leaves out. Contexts
    are not looked up: names are those of RO-Crate.
    """

    def __init__(self, document: bytes) -> None:
        """Read the metadata; raises `Unreadable` where it is no JSON-LD of a crate."""
        self._known: dict[str, dict[str, Any]] = {}
        self._steps = 0
        for each in _graph(document):
            if isinstance(each, dict) and isinstance(each.get("@id"), str):
                known = self._known.setdefault(each["@id"], {})
                known |= {**each, **known}
        if not self._known:
            raise Unreadable(Flaw.NO_ENTITIES)
        self.descriptor = self._descriptor()
        self.root = self._root()
        if not self.root:
            raise Unreadable(Flaw.NO_ROOT)

    def get(self, key: str) -> Read:
        """Return an entity; an empty one where there is none."""
        return self._known.get(key, {})

    def __iter__(self) -> Iterator[Read]:
        """Yield all entities."""
        return iter(self._known.values())

    def below(self, entity: Read, name: str) -> Iterator[Read]:
        """Yield the entities that a member of an entity names, each once.

        Raises
        ------
        Unreadable
            More references were followed by now than an honest crate has.
        """
        told = entity.get(name)
        self._steps += len(told) if isinstance(told, list) else 1
        if self._steps > MOST_STEPS:
            raise Unreadable(Flaw.ROUNDABOUT)
        for key in dict.fromkeys(ids(told)):
            if found := self.get(key):
                yield found

    def values(self, entity: Read) -> dict[str, Any]:
        """Return the additional properties of an entity by their names."""
        told = self.below(entity, "additionalProperty")
        return {text(each.get("name")): each.get("value") for each in told}

    def _descriptor(self) -> Read:
        """Return the entity that is the metadata; from 1.2 on its id may be an address."""
        exact = next((each for name in DESCRIPTORS if (each := self.get(name))), None)
        others = (self._known[key] for key in self._known if key.endswith(DESCRIPTORS))
        return exact or next((each for each in others if "about" in each), {})

    def _root(self) -> Read:
        """Return what the descriptor is about; RO-Crate 1.1 calls it `./`, others as they like."""
        about = next(ids(self.descriptor.get("about")), ROOT)
        return self.get(about) or self.get(ROOT)


def _graph(document: bytes) -> list[object]:
    """Return the list of entities; what JSON has no number for is read as nothing."""
    if len(document) > MOST_BYTES or document.count(b"{") + document.count(b"[") > MOST_OBJECTS:
        raise Unreadable(Flaw.TOO_LONG)
    try:
        told = json.loads(document, parse_constant=lambda _name: None)
    except (ValueError, RecursionError) as exc:
        raise Unreadable(Flaw.NO_JSON) from exc
    graph = told.get("@graph") if isinstance(told, dict) else None
    if not isinstance(graph, list):
        raise Unreadable(Flaw.NO_ENTITIES)
    return graph


def ids(told: object) -> Iterator[str]:
    """Yield the ids of one reference or of several."""
    for each in told if isinstance(told, list) else [told]:
        if isinstance(each, dict) and isinstance(each.get("@id"), str):
            yield each["@id"]


def text(told: object, most: int = LONGEST_LINE) -> str:
    """Return a text on one line, of letters that can be seen; empty where there is none.

    Of several texts it is the first, and of one in a language its words.
    """
    if isinstance(told, list):
        told = next(iter(told), "")
    if isinstance(told, dict):
        told = told.get("@value")
    line = " ".join(told[:most].split()) if isinstance(told, str) else ""
    return line if line.isprintable() else "".join(each for each in line if each.isprintable())


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
