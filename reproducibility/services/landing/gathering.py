"""What the public page of an analysis shows, of public versions only, and of nobody's runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import quote

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from reproducibility.capture.values import Author
from reproducibility.crate.citation import Citation
from reproducibility.crate.licences import ADDRESS, spdx_id
from reproducibility.crate.parts import TYPES
from reproducibility.models import (
    Analysis,
    AnalysisQuerySet,
    AnalysisVersion,
    Deposit,
    DepositState,
    Kind,
    RecordedOutput,
    SignedVerdict,
)
from reproducibility.services.analyses import is_number
from reproducibility.services.captures.declared import declared_in
from reproducibility.services.crates.extras import citation_of
from reproducibility.services.deposits.content import crate_name
from reproducibility.services.landing.addresses import absolute, is_web_address, public_url
from reproducibility.services.landing.values import (
    Archived,
    Code,
    PublicFile,
    PublicPage,
    PublicParameter,
    PublicVerdict,
    PublicVersion,
)
from reproducibility.services.verdicts_history import standing
from vre_portal.config import get_config
from vre_portal.errors import NotFound

#: So many verdicts are told of, the last ones.
MOST_VERDICTS = 10


def open_pages() -> AnalysisQuerySet:
    """Return the analyses whose public page is open."""
    return Analysis.objects.filter(published=True, landing=True, current__public=True)


def page_of(slug: str, number: str = "") -> PublicPage:
    """Return what everybody may read of an analysis: its newest public version, or another one.

    Raises
    ------
    NotFound
        There is no such analysis or version, or its page is not open: nobody can tell which.
    """
    analysis = open_pages().select_related("current").filter(slug=slug).first()
    version = _version(analysis, number) if analysis else None
    if analysis is None or version is None:
        raise NotFound(_("There is no public page at this address."))
    deposits = _deposits(analysis)
    versions = tuple(_versions(analysis, deposits))
    shown = next(each for each in versions if each.number == version.number)
    if not number:
        shown = replace(shown, url=public_url(slug))
    return _page(analysis, version, shown, versions, deposits.get(version.number))


def _version(analysis: Analysis, number: str) -> AnalysisVersion | None:
    outputs = Prefetch("outputs", RecordedOutput.objects.only("version_id", "path", "size"))
    public = analysis.versions.filter(public=True).prefetch_related("inputs", outputs)
    if not number:
        return public.filter(pk=analysis.newest.pk).first()
    return public.filter(number=number).first() if is_number(number) else None


def _page(
    analysis: Analysis,
    version: AnalysisVersion,
    shown: PublicVersion,
    versions: tuple[PublicVersion, ...],
    deposit: Deposit | None,
) -> PublicPage:
    config = get_config()
    known = spdx_id(analysis.licence)
    return PublicPage(
        slug=analysis.slug,
        title=analysis.title,
        summary=analysis.summary,
        authors=_authors(analysis.authors),
        licence=analysis.licence,
        licence_url=f"{ADDRESS}{known}" if known else "",
        shown=shown,
        versions=versions,
        citation=_cited(analysis, version, shown, deposit),
        publisher=deposit.service_name if deposit else config.brand_name,
        environment=version.environment,
        inputs=tuple(each.did for each in version.inputs.all()),
        parameters=tuple(_parameters(version)),
        outputs=tuple(PublicFile(each.path, each.size) for each in version.outputs.all()),
        code=_code(version),
        standing=standing(analysis, version),
        verdicts=tuple(_verdicts(analysis)),
        newest_url=public_url(analysis.slug),
        sign_in_url=f"{absolute('reproduce', analysis.slug)}?version={version.number}",
        site_name=config.brand_name,
        site_url=config.public_url,
    )


def _versions(analysis: Analysis, deposits: Mapping[int, Deposit]) -> Iterator[PublicVersion]:
    """Yield the public versions, the newest first."""
    told = analysis.versions.filter(public=True).values_list("number", "made_at")
    for number, made_at in told.order_by("-number"):
        deposit = deposits.get(number)
        archived = _archived(deposit) if deposit else None
        yield PublicVersion(number, made_at, public_url(analysis.slug, number), archived)


def _deposits(analysis: Analysis) -> dict[int, Deposit]:
    """Return the last published deposit of each public version, by its number."""
    rows = Deposit.objects.filter(
        state=DepositState.PUBLISHED, version__analysis=analysis, version__public=True
    )
    # A site may have had another repository before.
    found = rows.select_related("version__analysis").order_by("published_at")
    return {each.version.number: each for each in found}


def _archived(deposit: Deposit) -> Archived:
    crate = f"{deposit.page}/files/{quote(crate_name(deposit))}"
    return Archived(deposit.doi, deposit.service_name, deposit.page, crate)


def _cited(
    analysis: Analysis, version: AnalysisVersion, shown: PublicVersion, deposit: Deposit | None
) -> Citation:
    """Return how a version is cited: as its record says, where it has a DOI."""
    here = replace(
        citation_of(analysis, version),
        url=shown.url,
        repository=_code(version).repository,
    )
    if deposit is None:
        return here
    told = deposit.description
    return replace(
        here,
        title=str(told.get("title") or here.title),
        authors=_authors(told.get("creators") or ()) or here.authors,
        released=_day(told.get("published_on")) or here.released,
        doi=deposit.doi,
    )


def _day(told: object) -> date | None:
    return date.fromisoformat(told) if isinstance(told, str) and told else None


def _authors(told: Iterable[Mapping[str, Any]]) -> tuple[Author, ...]:
    return tuple(Author(str(each["name"]), str(each.get("orcid") or "")) for each in told)


def _code(version: AnalysisVersion) -> Code:
    told = version.code
    repository = str(told.get("repository") or "")
    return Code(
        repository=repository if is_web_address(repository) else "",
        commit=str(told.get("commit") or ""),
        swhid=str(told.get("swhid") or ""),
        changed=bool(told.get("dirty")),
    )


def _parameters(version: AnalysisVersion) -> Iterator[PublicParameter]:
    for name, value in declared_in(version.specification).parameters:
        yield PublicParameter(_seen(name), TYPES.get(type(value), "Text"), _seen(value))


def _seen(value: object) -> str:
    """Return a value as a text; half characters, which YAML can hold, can't be sent."""
    is_plain = isinstance(value, str | int | float | date) and not isinstance(value, bool)
    text = str(value) if is_plain else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode()


def _verdicts(analysis: Analysis) -> Iterator[PublicVerdict]:
    """Yield the last verdicts on public versions; the authors' own proofs are none."""
    rows = SignedVerdict.objects.filter(version__analysis=analysis, version__public=True)
    rows = rows.exclude(kind=Kind.PROOF).order_by("-signed_at", "-pk")
    told = rows.values_list("version__number", "level", "environment", "signed_at")
    for number, level, environment, signed_at in told[:MOST_VERDICTS]:
        yield PublicVerdict(number, level, environment, signed_at)
