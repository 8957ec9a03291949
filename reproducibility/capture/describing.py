"""Title, summary, licence and authors, from what a repository says about itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from reproducibility.capture import licences
from reproducibility.capture.kinds import text_of
from reproducibility.capture.values import Author, FoundFile
from reproducibility.specs.loading import Unreadable, load
from reproducibility.specs.tolerant import items, mapping

MAX_TITLE, MAX_SUMMARY, MAX_AUTHORS = 200, 2_000, 200
_ORCID = re.compile(r"\b(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])\b")
_LICENCE_FILE = re.compile(r"(?i)(?:licen[cs]e|copying)(?:\..*)?")
_UNDERLINED = re.compile(r"^(\S.*)\n[=\-~]{3,}\s*$", re.MULTILINE)
_HASHED = re.compile(r"^#\s+(.+?)\s*#*$", re.MULTILINE)
_NO_PROSE = re.compile(r"^(?:[#=\-*+>|<!`\[.:~]|\s{4}|\d+\.)")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>")


@dataclass(frozen=True, slots=True)
class Description:
    """What people read about an analysis; each part is empty where nothing tells it."""

    title: str = ""
    summary: str = ""
    licence: str = ""
    authors: tuple[Author, ...] = ()

    def or_else(self, other: Description) -> Description:
        """Return it with another one's parts where its own are empty."""
        return Description(
            self.title or other.title,
            self.summary or other.summary,
            self.licence or other.licence,
            self.authors or other.authors,
        )


def described(files: Iterable[FoundFile]) -> Description:
    """Return what CITATION.cff, codemeta.json, the licence and the README say, in this order."""
    near = sorted(files, key=lambda file: (file.path.count("/"), file.path))
    told = Description()
    for name, read in (
        ("citation.cff", _citation), ("codemeta.json", _codemeta), ("", _licence), ("", _readme),
    ):  # fmt: skip
        for file in near:
            if not name or PurePosixPath(file.path).name.lower() == name:
                told = told.or_else(read(file))
    return told


def _citation(file: FoundFile) -> Description:
    try:
        told = mapping(load(text_of(file)).value)
    except Unreadable:
        return Description()
    return Description(
        _line(told.get("title")),
        _paragraph(told.get("abstract")),
        licences.named(told.get("license")),
        _authors(told.get("authors"), given="given-names", family="family-names", orcid="orcid"),
    )


def _codemeta(file: FoundFile) -> Description:
    try:
        told = mapping(json.loads(text_of(file)))
    except (ValueError, RecursionError):
        return Description()
    return Description(
        _line(told.get("name")),
        _paragraph(told.get("description")),
        licences.named(told.get("license")),
        _authors(told.get("author"), given="givenName", family="familyName", orcid="@id"),
    )


def _authors(told: object, *, given: str, family: str, orcid: str) -> tuple[Author, ...]:
    people = items(told) or [told]
    return tuple(
        Author(name, _orcid(person.get(orcid)))
        for person in map(mapping, people[:MAX_AUTHORS])
        if (name := _name(person, given, family))
    )


def _name(person: Mapping[str, Any], given: str, family: str) -> str:
    parts = [person.get(given), person.get("name-particle"), person.get(family)]
    return _line(" ".join(each for each in parts if isinstance(each, str))) or _line(
        person.get("name")
    )


def _orcid(told: object) -> str:
    found = _ORCID.search(told) if isinstance(told, str) else None
    return found[1].upper() if found else ""


def _licence(file: FoundFile) -> Description:
    if not _LICENCE_FILE.fullmatch(PurePosixPath(file.path).name):
        return Description()
    return Description(licence=licences.spdx(text_of(file)))


def _readme(file: FoundFile) -> Description:
    if not PurePosixPath(file.path).name.lower().startswith("readme"):
        return Description()
    text = text_of(file)[:100_000]
    heading = min(filter(None, (_HASHED.search(text), _UNDERLINED.search(text))),
                  key=lambda found: found.start(), default=None)  # fmt: skip
    rest = text[heading.end() :] if heading else text
    return Description(_line(_without_markup(heading[1])) if heading else "", _first_prose(rest))


def _first_prose(text: str) -> str:
    for block in re.split(r"\n\s*\n", text):
        told = _paragraph(_without_markup(block))
        if told and not _NO_PROSE.match(block.lstrip("\n")) and len(told) > 20:
            return told
    return ""


def _without_markup(text: str) -> str:
    return re.sub(r"[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}", r"\1", _MARKUP.sub(r"\1", text))


def _line(told: object) -> str:
    return _printable(told)[:MAX_TITLE].strip()


def _paragraph(told: object) -> str:
    return _printable(told)[:MAX_SUMMARY].strip()


def _printable(told: object) -> str:
    """Return a text on one line, without what no database and no page has a place for."""
    text = " ".join(told.split()) if isinstance(told, str) else ""
    return "".join(each for each in text if each.isprintable())
