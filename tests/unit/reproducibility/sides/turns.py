"""Comparisons of two sides: asked for, looked at, and the worker's turns at them."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

from django.utils import timezone

from accounts.models import User
from reproducibility.models import Run, RunOutput, SideComparison
from reproducibility.services import side_by_side, side_contents
from reproducibility.services.side_contents import Contents
from vre_portal import operations
from vre_portal.models import Operation, OperationState

OTHER_FIT = b'{\n "mass": 91.20,\n "width": 2.5\n}\n'
FIT = "results/fit.json"
MOST_TURNS = 80


def look(user: User, one: object, other: object) -> Contents:
    """Return what is known of two sides."""
    left, right = (side_by_side.find_side(user, str(key)) for key in (one, other))
    return side_contents.look(user, left, right)


def ask(user: User, one: object, other: object) -> Contents:
    """Have two sides compared."""
    left, right = (side_by_side.find_side(user, str(key)) for key in (one, other))
    return side_contents.ask(user, left, right)


def give(run: Run, path: str, content: bytes) -> None:
    """Let a run have given an output that is kept beside it."""
    told = {"content": content, "sha256": sha256(content).hexdigest(), "size": len(content)}
    RunOutput.objects.update_or_create(run=run, path=path, defaults=told)


def operation_of(job: SideComparison) -> Operation:
    """Return the operation of the last attempt."""
    return Operation.objects.get(key=f"{side_contents.KIND}:{job.pk}:{job.attempt}")


def turn(job: SideComparison) -> None:
    """Give the worker a turn, whatever the clock says."""
    past = timezone.now() - timedelta(seconds=1)
    rows = Operation.objects.filter(subject=job.pk, state=OperationState.WAITING)
    rows.update(due_at=past)
    rows.exclude(lease=None).update(lease_until=past)
    operations.advance(operation_of(job).pk)


def work(job: SideComparison | None) -> SideComparison:
    """Give the worker turns until the comparison has ended."""
    assert job is not None
    for _ in range(MOST_TURNS):
        if operation_of(job).state != OperationState.WAITING:
            break
        turn(job)
    job.refresh_from_db()
    return job
