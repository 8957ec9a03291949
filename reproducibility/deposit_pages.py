"""What the page of a deposit shows: the draft's words, its files, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts import stored_tokens
from accounts.models import User
from reproducibility.backends.deposits import AUDIENCE, Relation, Scheme
from reproducibility.capture.values import Author
from reproducibility.crate.citation import Citation
from reproducibility.crate.cited import DOI, sentence
from reproducibility.models import Analysis, AnalysisVersion, Deposit, DepositState
from reproducibility.services.deposits import asking
from reproducibility.services.deposits.describing import field_name
from vre_portal.config import get_config

#: Where an InvenioRDM makes a personal access token.
TOKENS = "/account/settings/applications/tokens/new/"
RELATIONS = {
    Relation.DESCRIBED_BY: lazy("is described by"),
    Relation.SUPPLEMENT_TO: lazy("supplements the code at"),
    Relation.DERIVED_FROM: lazy("is derived from"),
    Relation.IDENTICAL_TO: lazy("has the same files as"),
    Relation.NEW_VERSION_OF: lazy("is a new version of"),
}


@dataclass(frozen=True, slots=True)
class ShownRelated:
    """Something that the record is related to; `url` is empty where it has no address."""

    relation: str
    identifier: str
    url: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A published deposit: its DOI, where that leads, and how to cite it."""

    number: int
    doi: str
    url: str
    citation: str


def context_of(user: User, analysis: Analysis) -> dict[str, Any]:
    """Return what the page is made of."""
    deposits = asking.of_analysis(user, analysis)
    current = next((each for each in deposits if each.state != DepositState.PUBLISHED), None)
    current = current or next(iter(deposits), None)
    version = analysis.newest
    has_token = AUDIENCE in stored_tokens.of(user)
    can_begin = _can_begin(analysis, version, current)
    is_open = current is not None and current.state != DepositState.PUBLISHED
    return {
        "analysis": analysis,
        "version": version,
        "offered": asking.is_offered(),
        "name": get_config().deposit_name,
        "has_token": has_token,
        "tokens_url": f"{get_config().deposit_url}{TOKENS}",
        "wants_token": not has_token and (can_begin or is_open),
        "can_begin": can_begin,
        "deposit": current,
        "doi_url": f"{DOI}{current.doi}" if current else "",
        "faults": [
            (capfirst(field_name(each["field"])) or _("The draft"), each["reason"])
            for each in _faults(current)
        ],
        "authors": list(_authors(current)),
        "related": list(_related(current)),
        "cited": [_cited(each) for each in asking.published(user, analysis)],
    }


def _can_begin(analysis: Analysis, version: AnalysisVersion, current: Deposit | None) -> bool:
    if not (asking.is_offered() and analysis.published and version.public):
        return False
    if current is None:
        return True
    return current.state == DepositState.PUBLISHED and current.version.number < version.number


def of_analysis(user: User, analysis: Analysis) -> dict[str, Any]:
    """Return what an analysis's own page says of deposits."""
    return {
        "cited": [_cited(each) for each in asking.published(user, analysis)],
        "may_deposit": asking.is_offered() and analysis.published and analysis.owner_id == user.pk,
    }


def _cited(deposit: Deposit) -> Cited:
    return Cited(deposit.version.number, deposit.doi, f"{DOI}{deposit.doi}", citation(deposit))


def citation(deposit: Deposit) -> str:
    """Return how a published record is cited."""
    told = deposit.description
    year = str(told.get("published_on") or "")
    cited = Citation(
        title=str(told.get("title") or ""),
        authors=tuple(Author(each["name"]) for each in told.get("creators", ())),
        version=str(told.get("version") or ""),
        released=date.fromisoformat(year) if year else None,
        doi=deposit.doi,
    )
    return sentence(cited, publisher=deposit.service_name)


def _faults(deposit: Deposit | None) -> list[Mapping[str, str]]:
    return list(deposit.faults) if deposit else []


def _authors(deposit: Deposit | None) -> Iterator[str]:
    for each in deposit.description.get("creators", ()) if deposit else ():
        yield f"{each['name']} ({each['orcid']})" if each["orcid"] else each["name"]


def _related(deposit: Deposit | None) -> Iterator[ShownRelated]:
    for each in deposit.description.get("related", ()) if deposit else ():
        identifier, scheme = each["identifier"], each["scheme"]
        urls = {Scheme.URL: identifier, Scheme.DOI: f"{DOI}{identifier}"}
        relation = str(RELATIONS[Relation(each["relation"])])
        yield ShownRelated(relation, identifier, urls.get(scheme, ""))
