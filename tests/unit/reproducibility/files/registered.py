"""The worker's turns at registrations and at the uploads that they begin, by hand."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from data_mgmt.services import uploads
from reproducibility.models import Registration
from reproducibility.services import registering
from vre_portal import operations
from vre_portal.models import Operation, OperationState

MOST_TURNS = 200


def turn(*kinds: str) -> bool:
    """Give the worker one turn at each waiting operation of some kinds; False where none waits."""
    past = timezone.now() - timedelta(seconds=1)
    waiting = Operation.objects.filter(state=OperationState.WAITING, kind__in=kinds)
    keys = list(waiting.values_list("pk", flat=True))
    # The lease of a killed worker is over, and nothing waits for the clock.
    waiting.update(due_at=past, lease_until=None, lease=None)
    for key in keys:
        operations.advance(key)
    return bool(keys)


def work(registration: Registration, turns: int = MOST_TURNS) -> Registration:
    """Give turns until everything has ended, and return the registration as it is then."""
    for _ in range(turns):
        if not turn(registering.KIND, uploads.SEND):
            break
    registration.refresh_from_db()
    return registration
