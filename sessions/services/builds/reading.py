"""Read environments that people make: whose, how they stand, how long a making takes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from statistics import median
from typing import Any

from accounts.models import User
from sessions.models import Build, BuildState
from sessions.models_builds import BuildRows
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, NotFound

PENDING = (BuildState.QUEUED, BuildState.BUILDING)
LAST, FEW = 20, 3


def visible_to(user: User) -> BuildRows:
    """Return a person's own and their groups', newest first."""
    return Build.objects.visible_to(user).select_related("owner")


def get(user: User, build_id: uuid.UUID | str) -> Build:
    """Return one that a person may see.

    Raises
    ------
    NotFound
        There is none, or it is somebody else's.
    """
    try:
        found = visible_to(user).filter(pk=uuid.UUID(str(build_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no such environment among yours.")
    return found


def get_own(user: User, build_id: uuid.UUID | str) -> Build:
    """Return one that a person may change; raises `Forbidden` where it is only shared with them."""
    found = get(user, build_id)
    if found.owner_id != user.pk:
        raise Forbidden("Only the person who made this environment can change it.")
    return found


def groups_to_share_with(user: User) -> list[str]:
    """Return the groups with which a person may share: their own."""
    return sorted(user.groups)


def before(build: Build) -> int:
    """Return how many are made before a queued one; 0 says that it is its turn.

    One at a time is made for each person, and so many over all as the site allows; the work of
    suspended people waits and holds nobody up.
    """
    rows = Build.objects.filter(state__in=PENDING, removed_at=None, owner__is_active=True)
    others = list(
        rows.exclude(pk=build.pk).order_by("created_at").only("owner", "state", "created_at")
    )
    made = [row for row in others if row.state == BuildState.BUILDING]
    busy = {row.owner_id for row in made}
    waiting = [row for row in others if row.state == BuildState.QUEUED and _first(row, build)]
    able = [row for row in waiting if row.owner_id not in busy]
    mine_first = build.owner_id not in busy and all(
        row.owner_id != build.owner_id for row in waiting
    )
    if mine_first and len(made) + len(able) < get_config().build_workers:
        return 0
    return max(1, len(made) + len(waiting))


def _first(row: Build, than: Build) -> bool:
    return (row.created_at, row.pk) < (than.created_at, than.pk)


def usual_seconds() -> float | None:
    """Return the median time of the last that were really made, None while there are few."""
    rows = Build.objects.filter(
        state=BuildState.READY, started_at__isnull=False, finished_at__isnull=False
    ).order_by("-finished_at")
    times = rows.values_list("started_at", "finished_at")[:LAST]
    spans = [(end - begin).total_seconds() for begin, end in times if begin and end]
    long = [span for span in spans if span > 3]  # the others were there already
    return float(median(long)) if len(long) >= FEW else None


def present_state(user_id: uuid.UUID, key: str) -> Mapping[str, Any]:
    """Return how one stands as the websocket tells it."""
    return event_of(get(User.objects.get(pk=user_id), key))


def event_of(build: Build) -> dict[str, Any]:
    """Return what open pages are told; the log is fetched."""
    return {
        "id": str(build.pk),
        "state": build.state,
        "message": build.message,
        "log_length": len(build.log),
    }
