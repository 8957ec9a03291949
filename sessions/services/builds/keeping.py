"""Keep an environment: call it otherwise, share it with a group, and let it go."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts import audit
from sessions import made
from sessions.models import Build, BuildState, Session
from sessions.services.builds.changes import change, end_work
from sessions.services.builds.making import checked_description, checked_title, site_builder
from sessions.services.builds.reading import PENDING
from vre_portal.errors import Conflict, InvalidRequest

ALL = tuple(BuildState)


def change_texts(
    build: Build, *, title: str | None = None, description: str | None = None
) -> Build:
    """Give it another title or description; what is None stays."""
    texts = {
        "title": checked_title(title) if title is not None else build.title,
        "description": checked_description(
            description if description is not None else build.description
        ),
    }
    change(build, of=ALL, **texts)
    _tell_hub(build)
    return build


@transaction.atomic
def share(build: Build, groups: Sequence[str]) -> Build:
    """Let the members of these groups, and of no others, launch it.

    Raises
    ------
    InvalidRequest
        The owner is in none of such a name.
    """
    wanted = sorted(set(groups))
    foreign = [group for group in wanted if group not in {*build.owner.groups, *build.groups}]
    if foreign:
        raise InvalidRequest(f"You are not a member of {foreign[0]}.", field="groups")
    change(build, of=ALL, groups=wanted)
    _tell_hub(build)
    audit.record(
        "environment.shared", actor=build.owner, about=("environment", build.pk),
        detail={"groups": wanted},
    )  # fmt: skip
    return build


@transaction.atomic
def remove(build: Build) -> None:
    """Take it away; its files go within minutes, unless the same is somebody else's too.

    Raises
    ------
    Conflict
        A session runs in it.
    """
    running = sessions_in(build)
    if running:
        whose = "A session runs" if running == 1 else f"{running} sessions run"
        raise Conflict(f"{whose} in {build.title}. Stop what runs, then remove it.")
    if build.state in PENDING:
        change(build, of=PENDING, state=BuildState.CANCELLED)
        end_work(build, site_builder())
    change(build, of=ALL, removed_at=timezone.now())
    made.withdraw(build.slug)
    audit.record("environment.removed", actor=build.owner, about=("environment", build.pk))


def sessions_in(build: Build) -> int:
    """Return how many sessions, whoever's, run in it."""
    return Session.objects.active().filter(environment=build.slug).count()


def _tell_hub(build: Build) -> None:
    if build.state == BuildState.READY and build.removed_at is None:
        made.offer(build)
