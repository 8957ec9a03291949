"""What every page needs: brand, theme, navigation, and which backends answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

import vre_portal
from vre_portal.config import Stage, get_config
from vre_portal.health import PURPOSES, BackendState, backend_states


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the main navigation; `count` is what is active there."""

    title: str
    url: str
    icon: str
    count: int = 0
    current: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands above every page of somebody: a fragment, and how it stays true.

    `topic` is watched by open pages, which then fetch `url` anew.
    """

    template: str
    values: dict[str, Any]
    topic: str
    url: str


#: Given a user: what stands above every page of theirs, or None. Apps add theirs at start.
banners: list[Callable[[Any], Banner | None]] = []
#: Given a user's primary key: how many of a kind are active. Apps add theirs at start.
active_counts: dict[str, Callable[[Any], int]] = {}
#: Given a user: whether they see an entry that is not for everybody. Apps add theirs at start.
only_for: dict[str, Callable[[Any], bool]] = {}


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the template variable `portal`."""
    config = get_config()
    return {
        "portal": {
            "brand": {
                "name": config.brand_name,
                "accent": config.brand_accent,
                "help_url": config.brand_help_url,
            },
            "theme": request.COOKIES.get(config.cookie_name("theme"), ""),
            "theme_cookie": config.cookie_name("theme"),
            "navigation": SimpleLazyObject(lambda: _navigation(request)),
            "banners": SimpleLazyObject(lambda: _banners(request)),
            "backends": SimpleLazyObject(lambda: [_shown(state) for state in backend_states()]),
            "version": vre_portal.__version__,
            "sends_mail": config.mail_server is not None,
            "production": config.environment is Stage.PRODUCTION,
        }
    }


def _navigation(request: HttpRequest) -> list[NavigationItem]:
    entries = [
        ("home", _("Home"), "/"),
        ("data", _("Data"), "/data/"),
        ("requests", _("Requests"), "/data/requests/"),
        ("approvals", _("Approvals"), "/data/approvals/"),
        ("sessions", _("Sessions"), "/sessions/"),
        ("analyses", _("Analyses"), "/analyses/"),
        ("runs", _("Runs"), "/runs/"),
    ]
    here = max(
        (url for _k, _t, url in entries if request.path.startswith(url)), key=len, default=""
    )
    user_id = request.user.pk
    return [
        NavigationItem(
            title, url, key, active_counts[key](user_id) if key in active_counts and user_id else 0,
            (request.path == url) if url == "/" else url == here,
        )
        for key, title, url in entries
        if key not in only_for or only_for[key](request.user)
    ]  # fmt: skip


def _banners(request: HttpRequest) -> list[Banner]:
    user = getattr(request, "user", None)  # a request may be refused before anybody is known
    if user is None or not user.is_authenticated:
        return []
    return [banner for make in banners if (banner := make(user)) is not None]


def _shown(state: BackendState) -> dict[str, str]:
    if state.up is None:
        text = _("not checked yet")
    elif state.up:
        text = _("answers")
    else:
        since = localtime(state.since).strftime("%H:%M") if state.since else "?"
        text = _("does not answer since %(since)s") % {"since": since}
    return {
        "name": state.name,
        "service": state.service,
        "state": state.state,
        "text": text,
        "purpose": str(PURPOSES[state.service]),
    }
