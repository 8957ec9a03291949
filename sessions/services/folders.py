"""The folders that a person's sessions keep: their home, and those of their projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from sessions import environments
from sessions.backends.running import Usage
from sessions.models import Session
from sessions.services.sampling import usage_of
from vre_portal.errors import PortalError

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, where it is in a session, and how full it was when it was last counted.

    Sizes are in bytes; None where nobody counted, or nothing limits it.
    """

    title: str
    path: str
    used: int | None
    quota: int | None


@dataclass(frozen=True, slots=True)
class Folders:
    """All folders of a person, counted at a moment (None: never)."""

    folders: list[Folder]
    at: datetime | None


def folders_of(user: User) -> Folders:
    """Return a person's folders; what is in them was counted by the session asked last."""
    counted = _counted(user)
    used = {one.name: one.used for one in counted.projects} if counted else {}
    try:
        volumes = environments.site().volumes
    except PortalError:
        return Folders([], None)
    home = Folder(
        _("Your files"), "~", counted.home.used if counted else None, _bytes(volumes.home_quota_gb)
    )
    shared = [
        Folder(each.title, f"~/projects/{each.name}", used.get(each.name), _bytes(each.quota_gb))
        for each in volumes.projects_of(user.groups)
    ]
    return Folders([home, *shared], counted.at if counted else None)


def _counted(user: User) -> Usage | None:
    asked = Session.objects.filter(user=user).exclude(usage={}).order_by("-usage_at").first()
    usage = usage_of(asked) if asked else None
    return usage if usage is not None and usage.home.used is not None else None


def _bytes(gib: float | None) -> int | None:
    return int(gib * GIB) if gib else None
