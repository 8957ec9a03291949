"""The public page of an analysis in its forms, and what search engines are told: for everybody.

It is made for nobody in particular: the same whoever asks, so that caches may keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Concatenate, ParamSpec
from xml.etree import ElementTree

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import path
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from reproducibility import landing_metadata
from reproducibility.crate import citation
from reproducibility.crate.cited import bibtex, sentence
from reproducibility.landing_links import (
    BIB,
    BIBTEX,
    CITATION,
    METADATA,
    YAML,
    form_url,
    set_links,
    set_way_back,
)
from reproducibility.services.landing.addresses import public_url
from reproducibility.services.landing.gathering import open_pages, page_of
from reproducibility.services.landing.values import PublicPage
from vre_portal.config import get_config
from vre_portal.context import portal
from vre_portal.limits import Limit
from vre_portal.logs import client_address

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

#: By address: what one reader, or those behind one address, may look at.
READERS = Limit("public-pages", 240)
#: A browser or a proxy may show a page so long before it asks again: so long after it was closed.
SECONDS = 60
#: The protocol of site maps takes so many addresses in one file.
MOST_PAGES = 50_000
SITEMAP_TERMS = "http://www.sitemaps.org/schemas/sitemap/0.9"
ROBOTS = """\
User-agent: *
Allow: /public/
Allow: /static/
Disallow: /

Sitemap: {site}/public/sitemap.xml
"""


def _for_everybody(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Count who reads, let caches keep the answer for a moment, and answer 304 where it is known.

    A browser with a session gets an answer of its own: a cookie that goes out along is no cache's.
    """

    @wraps(view)
    def bounded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        READERS.use(client_address.get())
        answer = view(request, *args, **kwargs)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        answer["Cache-Control"] = f"{'private' if has_session else 'public'}, max-age={SECONDS}"
        etag = f'"{sha256(answer.content).hexdigest()[:32]}"'
        answer["ETag"] = etag
        return get_conditional_response(request, etag=etag, response=answer) or answer

    return bounded


@require_safe
@_for_everybody
def public(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what everybody may know of an analysis; as JSON-LD where that is asked for."""
    page = page_of(slug, request.GET.get("version", ""))
    kinds = ["text/html", landing_metadata.MEDIA_TYPE]
    wants_metadata = request.get_preferred_type(kinds) == landing_metadata.MEDIA_TYPE
    answer = _metadata(page) if wants_metadata else HttpResponse(_drawn(page))
    set_links(answer, page)
    patch_vary_headers(answer, ["Accept"])
    return answer


@require_safe
@_for_everybody
def metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the metadata as JSON-LD."""
    page = page_of(slug, request.GET.get("version", ""))
    answer = _metadata(page)
    set_way_back(answer, page)
    return answer


@require_safe
@_for_everybody
def citation_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the CITATION.cff."""
    page = page_of(slug, request.GET.get("version", ""))
    answer = HttpResponse(citation.written(page.citation), content_type=YAML)
    set_way_back(answer, page)
    return answer


@require_safe
@_for_everybody
def bibliography(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the citation as BibTeX."""
    page = page_of(slug, request.GET.get("version", ""))
    answer = HttpResponse(_bibtex(page), content_type=f"{BIB}; charset=utf-8")
    set_way_back(answer, page)
    return answer


@require_safe
@_for_everybody
def robots(_request: HttpRequest) -> HttpResponse:
    """Let search engines read public pages, and nothing else."""
    text = ROBOTS.format(site=get_config().public_url)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@_for_everybody
def sitemap(_request: HttpRequest) -> HttpResponse:
    """List the public pages that are open, the newest versions first."""
    listed = ElementTree.Element("urlset", xmlns=SITEMAP_TERMS)
    told = open_pages().order_by("-current__made_at").values_list("slug", "current__made_at")
    for slug, made_at in told[:MOST_PAGES]:
        entry = ElementTree.SubElement(listed, "url")
        ElementTree.SubElement(entry, "loc").text = public_url(slug)
        ElementTree.SubElement(entry, "lastmod").text = made_at.date().isoformat()
    content = ElementTree.tostring(listed, encoding="utf-8", xml_declaration=True)
    return HttpResponse(content, content_type="application/xml")


def _metadata(page: PublicPage) -> HttpResponse:
    answer = HttpResponse(landing_metadata.document(page), content_type=landing_metadata.MEDIA_TYPE)
    answer["Access-Control-Allow-Origin"] = "*"  # pages elsewhere may read it
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def _bibtex(page: PublicPage) -> str:
    return bibtex(page.citation, key=page.slug, publisher=page.publisher)


def _drawn(page: PublicPage) -> str:
    """Return the page as a stranger sees it, whoever asks: no cookie counts, not even the theme."""
    context = {
        **portal(HttpRequest()),
        "page": page,
        "metadata": landing_metadata.block(page),
        "sentence": sentence(page.citation, publisher=page.publisher),
        "bibtex": _bibtex(page),
        "parameters": {each.name: each.default for each in page.parameters},
        "metadata_url": form_url(page, METADATA),
        "citation_url": form_url(page, CITATION),
        "bibtex_url": form_url(page, BIBTEX),
    }
    return render_to_string("reproducibility/public.html", context)


_ONE = "public/analyses/<slug:slug>"
urlpatterns = [
    path(_ONE, public, name="public"),
    path(f"{_ONE}/{METADATA}", metadata, name="public-metadata"),
    path(f"{_ONE}/{CITATION}", citation_file, name="public-citation"),
    path(f"{_ONE}/{BIBTEX}", bibliography, name="public-bibtex"),
    path("public/sitemap.xml", sitemap, name="sitemap"),
    path("robots.txt", robots, name="robots"),
]
