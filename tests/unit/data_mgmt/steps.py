"""What the worker and the watcher do, done now."""

from __future__ import annotations

from django.utils import timezone

from data_mgmt.models import ReplicaRequest
from data_mgmt.services import watching
from vre_portal import operations
from vre_portal.models import Operation


def work() -> None:
    """Do every operation that is due, as the worker would."""
    Operation.objects.filter(state="waiting").update(due_at=timezone.now())
    for operation_id in list(
        Operation.objects.filter(state="waiting").values_list("pk", flat=True)
    ):
        operations.advance(operation_id)


def tick(request: ReplicaRequest) -> ReplicaRequest:
    """Let the poller hear of changes and look at everything now."""
    ReplicaRequest.objects.exclude(next_check_at=None).update(next_check_at=timezone.now())
    watching.tick()
    request.refresh_from_db()
    return request
