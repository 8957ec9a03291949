"""An environment in words, as the gallery and the launch form show it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from django.contrib.staticfiles import finders
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from sessions.definitions import Environment, Kind
from sessions.services.capacity import Room

KINDS: Mapping[Kind, str | Promise] = {
    Kind.JUPYTERLAB: "JupyterLab",
    Kind.NOTEBOOK: gettext_lazy("Classic notebook"),
    Kind.VSCODE: "VS Code",
    Kind.RSTUDIO: "RStudio",
    Kind.DESKTOP: gettext_lazy("Desktop"),
    Kind.MARIMO: "marimo",
    Kind.DASHBOARD: gettext_lazy("Dashboard"),
}


def kind_of(environment: Environment) -> str:
    """Return what opens in the browser."""
    return str(KINDS[environment.kind])


def logo_of(environment: Environment) -> str:
    """Return the static path of its logo; that of its kind where the site has no such drawing."""
    own = f"img/environments/{environment.logo}"
    return (
        own if environment.logo and _is_there(own) else f"img/environments/{environment.kind}.svg"
    )


def why_not(user: User, environment: Environment, titles: Mapping[str, str]) -> str:
    """Return why somebody can't launch it today, empty when they can."""
    if not environment.open_to(user.groups, user.handle):
        return _("For members of %s.") % ", ".join(environment.groups)
    if environment.over(timezone.localdate()):
        return _("No longer offered.") + _instead(environment, titles)
    return ""


def warning(environment: Environment, titles: Mapping[str, str]) -> str:
    """Return until when a deprecated environment is offered and what to use then, else nothing."""
    if environment.deprecated_until is None:
        return ""
    day = date_format(environment.deprecated_until, "j F Y")
    return _("Offered until %s.") % day + _instead(environment, titles)


def free(room: Room, environment: Environment, *, places: bool = True) -> str:
    """Return what is free now of what it takes, empty where the site sets no limit."""
    parts = [
        _("%(free)s of %(total)s %(name)s")
        % {"free": each.free, "total": each.total, "name": each.name}
        for each in room.devices(environment)
    ]
    if places and room.limit is not None:
        said = ngettext("%(free)s of %(total)s place", "%(free)s of %(total)s places", room.limit)
        parts.insert(0, said % {"free": room.free, "total": room.limit})
    return ", ".join(parts)


def taken(room: Room) -> str:
    """Return how many sessions the person runs, and how many can start on the site."""
    own = ngettext("You run %s session.", "You run %s sessions.", room.mine) % room.mine
    if room.per_person is not None:
        said = {"mine": room.mine, "limit": room.per_person}
        own = _("You run %(mine)s of %(limit)s sessions.") % said
    if room.limit is None:
        return own
    site = ngettext(
        "%(free)s of %(total)s place is free now.",
        "%(free)s of %(total)s places are free now.",
        room.limit,
    ) % {"free": room.free, "total": room.limit}
    return f"{own} {site}"


def _instead(environment: Environment, titles: Mapping[str, str]) -> str:
    if not environment.use_instead:
        return ""
    instead = titles.get(environment.use_instead, environment.use_instead)
    return " " + _("Use %s instead.") % instead


@cache
def _is_there(path: str) -> bool:
    return finders.find(path) is not None
