"""How an analysis is cited: a CITATION.cff (Citation File Format 1.2.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from reproducibility.capture.values import Author
from reproducibility.crate.licences import spdx_id

PATH = "CITATION.cff"
ORCID = "https://orcid.org/"
MESSAGE = "If you use this analysis, please cite it as below."
#: What ends so is no person's name.
GROUPS = ("collaboration", "consortium", "experiment", "group", "team")


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation names; parts that are empty are left out of it."""

    title: str
    authors: tuple[Author, ...]
    version: str = ""
    released: date | None = None
    abstract: str = ""
    licence: str = ""
    url: str = ""
    repository: str = ""
    commit: str = ""
    doi: str = ""


def written(citation: Citation) -> str:
    """Return the text of a CITATION.cff."""
    told: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": MESSAGE,
        "type": "software",
        "title": citation.title,
        "authors": [dict(_author(each)) for each in citation.authors],
        "version": citation.version,
        "doi": citation.doi,
        "date-released": citation.released,
        "abstract": citation.abstract,
        "license": spdx_id(citation.licence),
        "url": citation.url,
        "repository-code": citation.repository,
        "commit": citation.commit,
    }
    kept: Mapping[str, Any] = {name: value for name, value in told.items() if value}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=100)


def _author(author: Author) -> Iterator[tuple[str, str]]:
    """Yield the members of a person; of an entity where the parts of a name are not certain."""
    given, family = parts_of(author.name)
    if family:
        yield "given-names", given
        yield "family-names", family
    else:
        yield "name", author.name
    if author.orcid:
        yield "orcid", f"{ORCID}{author.orcid}"


def is_group(name: str) -> bool:
    """Whether a name is that of a collaboration or the like."""
    words = name.lower().split()
    return bool(words) and words[-1] in GROUPS


def parts_of(name: str) -> tuple[str, str]:
    """Return given and family name of "Family, Given" or "Given Family"; else nothing."""
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma and family and given and "," not in given:
        return given, family
    words = name.split()
    if comma or len(words) != 2 or is_group(name):
        return "", ""
    return words[0], words[1]
