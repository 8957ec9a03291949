"""A description as InvenioRDM wants it: its metadata fields and the ids of its vocabularies.

Their reference is https://inveniordm.docs.cern.ch/reference/metadata/.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from reproducibility.backends.deposits import Creator, Description, Related

#: An author whose name ends so is no person.
GROUPS = ("collaboration", "consortium", "team", "group", "project", "experiment", "community")
#: The vocabulary's kind of a record that carries a specification to be run again.
KIND = "workflow"
#: The vocabulary has no licence of one's own making.
OWN_LICENCE = "licenseref-"


def metadata_of(description: Description, *, publisher: str) -> dict[str, Any]:
    """Return the metadata of a record."""
    return {
        "resource_type": {"id": KIND},
        "title": description.title,
        "description": _paragraphs(description.summary),
        "creators": [_creator(each) for each in description.creators],
        "publisher": publisher,
        "publication_date": description.published_on.isoformat(),
        "version": description.version,
        "identifiers": [{"scheme": "urn", "identifier": description.marker}],
        "related_identifiers": [_related(each) for each in description.related],
        **_rights(description.licence),
    }


def _paragraphs(text: str) -> str:
    parts = [part.strip() for part in text.split("\n\n")]
    return "".join(f"<p>{escape(part)}</p>" for part in parts if part)


def _creator(author: Creator) -> Mapping[str, Any]:
    words = author.name.split()
    if words and words[-1].lower() in GROUPS:
        return {"person_or_org": {"type": "organizational", "name": author.name}}
    person: dict[str, Any] = {"type": "personal", **_name(author.name)}
    if author.orcid:
        person["identifiers"] = [{"scheme": "orcid", "identifier": author.orcid}]
    return {"person_or_org": person}


def _name(name: str) -> Mapping[str, str]:
    """Return a name in two parts, written ``Family, Given`` or ``Given Family``."""
    family, comma, given = name.partition(",")
    if not comma:
        given, _space, family = name.strip().rpartition(" ")
    told = {"family_name": family.strip(), "given_name": given.strip()}
    return {key: value for key, value in told.items() if value}


def _related(related: Related) -> Mapping[str, Any]:
    return {
        "identifier": related.identifier,
        "scheme": related.scheme.value,
        "relation_type": {"id": related.relation.value},
    }


def _rights(licence: str) -> Mapping[str, Any]:
    """Return the licence: SPDX's identifiers in small letters are the vocabulary's ids."""
    if not licence:
        return {}
    plain = licence.lower()
    if plain.startswith(OWN_LICENCE) or " " in plain:
        return {"rights": [{"title": {"en": licence}}]}
    return {"rights": [{"id": plain}]}
