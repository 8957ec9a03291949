"""Record what happened, and tell it again: on Home and on each object's timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from activity.models import Event, Level
from activity.services import outbox
from vre_portal.errors import NotFound
from vre_portal.live import publish, publish_all

Subject = tuple[str, object]


@transaction.atomic
def record(
    *,
    user_id: UUID,
    verb: str,
    subject: Subject,
    text: str,
    level: Level | str = Level.INFO,
    url: str = "",
) -> Event:
    """Write an event; `subject` is a kind and an id, such as ``("run", run.id)``.

    Where the verb belongs to a kind of notice that the person wants by mail or webhook, that is
    queued in the same transaction (`activity.services.kinds`).
    """
    kind, key = subject
    event = Event.objects.create(
        user_id=user_id,
        verb=verb,
        subject_kind=kind,
        subject_id=str(key),
        text=text,
        level=level,
        url=url,
    )
    outbox.queue([event])
    publish(f"inbox:{user_id}", {"verb": verb, "text": text})
    return event


@transaction.atomic
def record_all(events: Sequence[Event]) -> None:
    """Write many events as `record` does, and tell each person's inbox."""
    Event.objects.bulk_create(events)
    outbox.queue(events)
    publish_all(
        [(f"inbox:{event.user_id}", {"verb": event.verb, "text": event.text}) for event in events]
    )


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return how many events concern a user: what the websocket tells first."""
    if str(user_id) != key:
        raise NotFound("There is no such inbox.")
    return {"events": Event.objects.filter(user_id=key).count()}


def visible_to(user: User) -> QuerySet[Event]:
    """Return the events that concern a user."""
    return Event.objects.filter(user=user)


def timeline(user: User, subject: Subject) -> QuerySet[Event]:
    """Return the events of one object, newest first."""
    kind, key = subject
    return visible_to(user).filter(subject_kind=kind, subject_id=str(key))
