"""What a record says of a version: its description, and the same as JSON and in people's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reproducibility.backends.deposits import Creator, Description, Related, Relation, Scheme
from reproducibility.models import AnalysisVersion, Deposit
from reproducibility.services.landing.addresses import is_web_address, page_for_readers
from vre_portal.config import get_config

#: The paths that a repository may name in a fault, and what people call that part.
FIELDS: Mapping[str, str | Promise] = {
    "metadata.title": lazy("title"),
    "metadata.description": lazy("summary"),
    "metadata.creators": lazy("authors"),
    "metadata.rights": lazy("licence"),
    "metadata.publication_date": lazy("date"),
    "metadata.version": lazy("version"),
    "metadata.related_identifiers": lazy("related identifiers"),
    "metadata.identifiers": lazy("identifiers"),
    "metadata.publisher": lazy("publisher"),
    "files": lazy("files"),
    "pids.doi": lazy("DOI"),
}


def describe(deposit: Deposit, *, former_doi: str, today: date) -> Description:
    """Return what the record of a deposit says."""
    version, analysis = deposit.version, deposit.version.analysis
    return Description(
        title=analysis.title,
        summary=_summary(version),
        creators=tuple(
            Creator(str(each["name"]), str(each.get("orcid") or "")) for each in analysis.authors
        ),
        licence=analysis.licence,
        published_on=today,
        version=str(version.number),
        related=tuple(_related(version, former_doi)),
        marker=deposit.marker,
    )


def _summary(version: AnalysisVersion) -> str:
    words = _("Reproduce it at %(page)s. The RO-Crate holds its code and recorded outputs.")
    return f"{version.analysis.summary}\n\n{words % {'page': page_for_readers(version.analysis)}}"


def _related(version: AnalysisVersion, former_doi: str) -> Iterator[Related]:
    yield Related(page_for_readers(version.analysis), Scheme.URL, Relation.DESCRIBED_BY)
    repository, swhid = str(version.code.get("repository") or ""), version.code.get("swhid")
    if is_web_address(repository):
        yield Related(repository, Scheme.URL, Relation.SUPPLEMENT_TO)
    if swhid:
        yield Related(str(swhid), Scheme.OTHER, Relation.IDENTICAL_TO)
    for entry in version.inputs.all():
        path = reverse("data_mgmt:did", kwargs={"did": entry.did})
        yield Related(f"{get_config().public_url}{path}", Scheme.URL, Relation.DERIVED_FROM)
    if former_doi:
        yield Related(former_doi, Scheme.DOI, Relation.NEW_VERSION_OF)


def as_json(description: Description) -> dict[str, Any]:
    """Return a description as it is kept."""
    return {**asdict(description), "published_on": description.published_on.isoformat()}


def field_name(path: str) -> str:
    """Return what people call the part that a repository names; its own word where none fits."""
    for known, name in FIELDS.items():
        if path == known or path.startswith(f"{known}."):
            return str(name)
    return path
