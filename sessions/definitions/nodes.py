"""YAML as a tree that knows its lines: what is read from it is checked, and faults are gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches

import yaml

from sessions.definitions.faults import Fault

TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"
NUMBERS = {
    f"{TAG}int": yaml.SafeLoader.construct_yaml_int,
    f"{TAG}float": yaml.SafeLoader.construct_yaml_float,
}
MOST = 1e9
PLAIN = {f"{TAG}{name}" for name in ("str", "int", "float", "bool", "timestamp")}


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the file, the way to it, and the list that its faults go to."""

    node: yaml.Node
    line: int
    faults: list[Fault]
    owner: str = ""
    path: tuple[str, ...] = ()
    fields: dict[str, Place] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The way to this place, as a fault names it."""
        return ", ".join(part for part in (self.owner, ".".join(self.path)) if part)

    def wrong(self, says: str, *, line: int | None = None) -> None:
        """Note a fault here."""
        self.faults.append(Fault(line or self.line, self.where, says))

    def get(self, name: str) -> Place | None:
        """Return the place of a field that stands here and is not empty."""
        found = self.fields.get(name)
        return None if found is None or found.node.tag == f"{TAG}null" else found

    def mapping(self) -> Place | None:
        """Return this place with its fields; None, with a fault, when it is no mapping."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("has to be a mapping")
            return None
        return replace(self, fields=dict(self._fields(self.node)))

    def _fields(self, node: yaml.MappingNode) -> Iterator[tuple[str, Place]]:
        """Yield merged fields and then the own ones, which win; a field twice is a fault."""
        seen: set[str] = set()
        for own, key, value in [*_merged(node), *_own(node)]:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            line = key.start_mark.line + 1
            if not name:
                self.wrong("a field's name has to be a text", line=line)
                continue
            if own and name in seen:
                self.wrong(f"'{name}' stands here twice", line=line)
            seen |= {name} if own else set()
            yield name, replace(self, node=value, line=line, path=(*self.path, name), fields={})

    def only(self, known: Iterable[str]) -> None:
        """Note every field that the format does not have, with the one that was meant."""
        known = list(known)
        for name, place in self.fields.items():
            if name not in known:
                near = get_close_matches(name, known, n=1, cutoff=0.6)
                meant = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
                place.wrong(f"there is no such field; {meant}")

    def items(self) -> list[Place]:
        """Return the places of a list; none, with a fault, when it is no list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("has to be a list")
            return []
        return [
            replace(
                self, node=node, line=node.start_mark.line + 1, path=_numbered(self.path, number)
            )
            for number, node in enumerate(self.node.value)
        ]

    def text(self) -> str:
        """Return a text; numbers stay as they are written, so that 3.10 is not 3.1."""
        node = self.node
        if not isinstance(node, yaml.ScalarNode) or node.tag not in PLAIN:
            self.wrong("has to be a text")
            return ""
        text = str(node.value).strip()
        if not text:
            self.wrong("has to be a text that is not empty")
        return text

    def number(self) -> float | None:
        """Return a number above 0."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag in NUMBERS:
            with suppress(ValueError):  # `!!int x` says that it is a number, and is none
                value = NUMBERS[self.node.tag](yaml.SafeLoader(""), self.node)
                if 0 < value < MOST:
                    return int(value) if value == int(value) else float(value)
        self.wrong("has to be a number above 0")
        return None

    def whole(self) -> int | None:
        """Return a whole number above 0."""
        if self.node.tag == f"{TAG}int" and (value := self.number()) is not None:
            return int(value)
        if self.node.tag != f"{TAG}int":
            self.wrong("has to be a whole number above 0")
        return None

    def flag(self) -> bool:
        """Return true or false."""
        if self.node.tag != f"{TAG}bool":
            self.wrong("has to be true or false")
            return False
        return str(self.node.value).lower() in {"true", "yes", "on"}

    def day(self) -> date | None:
        """Return a date."""
        try:
            return date.fromisoformat(str(self.node.value))
        except ValueError:
            self.wrong("has to be a day, as 2027-01-31")
            return None

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self.items())

    def pairs(self) -> dict[str, str]:
        """Return a mapping of texts."""
        place = self.mapping()
        if place is None:
            return {}
        return {name: each.text() for name, each in place.fields.items()}


def _numbered(path: tuple[str, ...], number: int) -> tuple[str, ...]:
    return (*path[:-1], f"{path[-1]}[{number}]")


def _own(node: yaml.MappingNode) -> Iterator[tuple[bool, yaml.Node, yaml.Node]]:
    return ((True, key, value) for key, value in node.value if key.tag != MERGE)


def _merged(node: yaml.MappingNode) -> Iterator[tuple[bool, yaml.Node, yaml.Node]]:
    """Yield the fields that `<<: *anchor` brings."""
    for key, value in node.value:
        if key.tag != MERGE:
            continue
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if isinstance(source, yaml.MappingNode):
                yield from ((False, k, v) for k, v in source.value if k.tag != MERGE)
