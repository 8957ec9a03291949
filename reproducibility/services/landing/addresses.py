"""Where public pages are: an address that papers may print."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import reverse

from reproducibility.models import Analysis
from vre_portal.config import get_config


def public_url(slug: str, number: int | None = None) -> str:
    """Return the address of a public page: of the newest version, or of one by its number."""
    page = absolute("public", slug)
    return page if number is None else f"{page}?version={number}"


def page_for_readers(analysis: Analysis) -> str:
    """Return the page that others are led to: the public one where it is open."""
    if analysis.published and analysis.landing:
        return public_url(analysis.slug)
    return absolute("analysis", analysis.slug)


def absolute(name: str, slug: str) -> str:
    """Return the full address of a page of an analysis."""
    return get_config().public_url + reverse(f"reproducibility:{name}", args=(slug,))


def is_web_address(text: str) -> bool:
    """Whether a text is an address to show to everybody: what stands before an @ may be a token."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and "@" not in parts.netloc
