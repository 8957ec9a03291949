"""Signposts of a public page: typed links in the header `Link` (RFC 8288, signposting.org)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from django.http import HttpResponse

from reproducibility.crate.terms import ORCID
from reproducibility.landing_metadata import MEDIA_TYPE, SCHEMA
from reproducibility.services.landing.values import PublicPage

#: The other forms of a page, by the ends of their addresses.
METADATA, CITATION, BIBTEX = "metadata.jsonld", "CITATION.cff", "citation.bib"
YAML, BIB = "application/yaml", "application/x-bibtex"
FORMS: Mapping[str, str] = {METADATA: MEDIA_TYPE, CITATION: YAML, BIBTEX: BIB}
#: RFC 8288 has angle brackets around an address: it may hold none, nor quotes or spaces.
_KEPT = ":/?#[]@!$&'()*+,;=%~-._"


def form_url(page: PublicPage, form: str) -> str:
    """Return the address of another form of the shown version."""
    address, mark, query = page.url.partition("?")
    return f"{address}/{form}{mark}{query}"


def set_links(answer: HttpResponse, page: PublicPage) -> None:
    """Say in a page's header how it is cited, whose it is, what describes it, and where it is."""
    answer["Link"] = ", ".join(_links(page))


def set_way_back(answer: HttpResponse, page: PublicPage) -> None:
    """Say in the header of another form which page it describes."""
    answer["Link"] = _link(page.url, "describes", type="text/html")


def _links(page: PublicPage) -> Iterator[str]:
    archived = page.archived
    yield _link(archived.url if archived else page.url, "cite-as")
    for author in page.authors:
        if author.orcid:
            yield _link(f"{ORCID}{author.orcid}", "author")
    if page.licence_url:
        yield _link(page.licence_url, "license")
    for form, kind in FORMS.items():
        yield _link(form_url(page, form), "describedby", type=kind)
    if archived:
        yield _link(archived.crate, "item", type="application/zip")
    yield _link(f"{SCHEMA}/AboutPage", "type")
    yield _link(f"{SCHEMA}/Dataset", "type")


def _link(url: str, relation: str, **told: str) -> str:
    parameters = "".join(f'; {name}="{value}"' for name, value in told.items())
    return f'<{quote(url, safe=_KEPT)}>; rel="{relation}"{parameters}'
