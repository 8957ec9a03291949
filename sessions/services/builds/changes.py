"""Change a row only from the states in which the change makes sense, and tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

import activity.services
from activity.models import Level
from sessions.backends.building import EnvironmentBuilder
from sessions.models import Build, BuildState
from sessions.services.builds.reading import PENDING, event_of
from vre_portal import operations
from vre_portal.live import publish
from vre_portal.models import Operation

BUILD = "environment.build"


@transaction.atomic
def change(build: Build, *, of: Sequence[BuildState], **changes: Any) -> bool:
    """Write changes if it is in one of the states `of`; False when somebody moved it on."""
    row = Build.objects.select_for_update().filter(pk=build.pk, state__in=of).first()
    if row is None:
        return False
    new = {name: value for name, value in changes.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
        setattr(build, name, value)
    if new:
        row.save(update_fields=[*new])
        publish(f"build:{row.pk}", event_of(row))
    return True


def fail(build: Build, reason: str) -> None:
    """Say why nothing came of it."""
    now = timezone.now()
    if change(build, of=PENDING, state=BuildState.FAILED, message=reason, finished_at=now):
        note(build, "failed", f"{build.title} was not made: {reason}", level=Level.ERROR)


def begin(build: Build) -> None:
    """Start the work; each time it is asked for is an operation of its own."""
    before = Operation.objects.filter(kind=BUILD, subject=build.pk).count()
    key = f"{BUILD}:{build.pk}:{before}"
    operations.begin(BUILD, subject=build.pk, user_id=build.owner_id, key=key)


def fetch_key(build: Build) -> str:
    """Return the key under which its repository is fetched."""
    return f"fetch-{build.pk.hex}"


def end_work(build: Build, builder: EnvironmentBuilder) -> None:
    """End what is being done for one, unless it is being done for somebody else too."""
    builder.cancel(fetch_key(build))
    if _is_alone_with_its_work(build) and not builder.exists(build.digest):
        builder.cancel(build.digest)


def forget_work(build: Build, builder: EnvironmentBuilder) -> None:
    """Let go of work that has ended, once nobody else has to see how: its log is in the row."""
    builder.forget(fetch_key(build))
    if _is_alone_with_its_work(build):
        builder.forget(build.digest)


def _is_alone_with_its_work(build: Build) -> bool:
    others = Build.objects.filter(digest=build.digest, state=BuildState.BUILDING)
    return bool(build.digest) and not others.exclude(pk=build.pk).exists()


def note(build: Build, verb: str, text: str, *, level: Level = Level.INFO) -> None:
    """Put a line on the person's timeline."""
    activity.services.record(
        user_id=build.owner_id,
        verb=f"environment.{verb}",
        subject=("environment", build.pk),
        text=text,
        level=level,
        url=reverse("sessions:build", args=[build.pk]),
    )
