"""What people ask of the data service stands in the audit log."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, User
from data_mgmt import services
from data_mgmt.backends.values import Did
from tests.fakes.data import FakeDataBackend

pytestmark = pytest.mark.django_db


def test_a_request_and_its_end_are_written_down(
    alice: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    services.request_replica(alice, dimuon, storage="LAPP-DISK")
    services.cancel(request)
    services.cancel(request)

    told = AuditEvent.objects.filter(object_id=str(request.pk)).order_by("at")
    assert [(event.action, event.actor) for event in told] == [
        ("replica-request.requested", alice.pk),
        ("replica-request.cancelled", alice.pk),
    ]
    assert told[0].detail == {"did": "cms:dimuon", "storage": "LAPP-DISK"}
