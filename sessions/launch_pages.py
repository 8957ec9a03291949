"""What the launch form shows beside its fields: the repository, the data's way, badge and link."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.replicate_words import estimate_sentence
from sessions import services
from sessions.forms import LaunchForm
from vre_portal.config import get_config
from vre_portal.errors import PortalError


@dataclass(frozen=True, slots=True)
class Bringing:
    """What bringing the data would do, or why that can't be told."""

    storage: str
    sentence: str
    is_there: bool = False
    quota_url: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to be copied."""

    title: str
    text: str


def beside(user: User, form: LaunchForm) -> dict[str, Any]:
    """Return the parts of the launch page that belong to what waits in the session."""
    address = f"{get_config().public_url}{reverse('sessions:new')}"
    query = form.link()
    return {
        "repository": form.repository_link,
        "origin": form.came_from(),
        "bringing": bringing(user, form.datasets) if not form.is_bound else _named(),
        "brings": form.brings,
        "address": f"{address}?{query}" if query else address,
        "snippets": snippets(f"{address}?{query}" if query else address),
        "badge_text": badge_text(),
        "storage": get_config().session_storage,
    }


def bringing(user: User, dids: Sequence[str]) -> Bringing | None:
    """Return what bringing some data would do; None where nothing is ever brought."""
    storage = get_config().session_storage
    if not storage or not dids:
        return None
    try:
        found = services.estimate_of(user, dids)
    except PortalError as exc:
        return Bringing(storage, "", problem=exc.message)
    if found is None:
        return None
    return Bringing(
        storage,
        estimate_sentence(found),
        is_there=bool(found.files) and not found.files_to_move,
        quota_url="" if found.fits else f"{reverse('data_mgmt:quota-ask')}?storage={storage}",
    )


def _named() -> Bringing | None:
    """Return only where the data would go: a form that came back with faults asks nobody again."""
    storage = get_config().session_storage
    return Bringing(storage, "") if storage else None


def badge_url() -> str:
    """Return where the badge's picture is for everybody."""
    return f"{get_config().public_url}{reverse('sessions:badge')}"


def snippets(address: str) -> list[Snippet]:
    """Return the badge with its link as text for a README."""
    alt, badge = badge_text(), badge_url()
    plain = "".join(character for character in alt if character not in "[]\\`")
    tag = f'<a href="{html.escape(address)}"><img src="{html.escape(badge)}"'
    return [
        Snippet("Markdown", f"[![{plain}]({badge})]({address})"),
        Snippet("HTML", f'{tag} alt="{html.escape(alt)}"></a>'),
        Snippet("reStructuredText", f".. image:: {badge}\n   :target: {address}\n   :alt: {plain}"),
    ]


def badge_text() -> str:
    """Return what the badge says."""
    return _("Open in %(portal)s") % {"portal": get_config().brand_name}
