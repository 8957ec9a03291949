"""What an InvenioRDM accepts as metadata, as far as deposits of analyses reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

RESOURCE_TYPES = {"workflow", "software", "dataset", "other"}
RELATIONS = {
    "isdescribedby", "issupplementto", "isderivedfrom", "isidenticalto", "isnewversionof",
    "references", "requires",
}  # fmt: skip
LICENCES = {"apache-2.0", "mit", "cc-by-4.0", "cc0-1.0", "bsd-3-clause", "gpl-3.0-only"}
SCHEMES = {
    "doi": r"10\.\d{4,9}/\S+", "url": r"https?://\S+", "urn": r"urn:[a-z0-9-]+:\S+", "other": r".+",
}  # fmt: skip
ORCID = r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]"
SHORTEST, MISSING = 3, "Missing data for required field."

Fault = dict[str, Any]


def faults_of(metadata: dict[str, Any]) -> list[Fault]:
    """Return what hinders a publication, each as the API tells it."""
    return [{"field": f"metadata.{path}", "messages": [said]} for path, said in _faults(metadata)]


def _faults(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _needed(metadata)
    for number, creator in enumerate(metadata.get("creators", ())):
        yield from _creator(f"creators.{number}.person_or_org", creator["person_or_org"])
    for number, each in enumerate(metadata.get("rights", ())):
        yield from _licence(f"rights.{number}", each)
    for part in ("identifiers", "related_identifiers"):
        for number, each in enumerate(metadata.get(part, ())):
            yield from _identifier(f"{part}.{number}", each, related=part.startswith("related"))


def _needed(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if len(metadata.get("title", "")) < SHORTEST:
        yield "title", f"Shorter than minimum length {SHORTEST}."
    if metadata.get("resource_type", {}).get("id") not in RESOURCE_TYPES:
        yield "resource_type", "Invalid value."
    if not metadata.get("publisher"):
        yield "publisher", "Missing publisher field required for DOI registration."
    if not _is_date(metadata.get("publication_date", "")):
        yield "publication_date", "Please provide a valid date or interval."
    if not metadata.get("creators"):
        yield "creators", MISSING


def _licence(path: str, right: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if ("id" in right) == ("title" in right):
        yield path, "An existing id or a free text title must be present"
    elif "id" in right and right["id"] not in LICENCES:
        yield f"{path}.id", f"Invalid value {right['id']}."


def _creator(path: str, person: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if person["type"] == "personal" and not person.get("family_name"):
        yield f"{path}.family_name", "Family name cannot be blank."
    if person["type"] == "organizational" and not person.get("name"):
        yield f"{path}.name", "Name cannot be blank."
    for each in person.get("identifiers", ()):
        if each["scheme"] != "orcid" or not re.fullmatch(ORCID, each["identifier"]):
            yield f"{path}.identifiers", f"Invalid {each['scheme']} identifier."


def _identifier(path: str, each: dict[str, Any], *, related: bool) -> Iterator[tuple[str, str]]:
    pattern = SCHEMES.get(each.get("scheme", ""))
    if pattern is None or not re.fullmatch(pattern, each.get("identifier", "")):
        yield f"{path}.identifier", f"Invalid {each.get('scheme')} identifier."
    if related and each.get("relation_type", {}).get("id") not in RELATIONS:
        yield f"{path}.relation_type", "Invalid value."


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
