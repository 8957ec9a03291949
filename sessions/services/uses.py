"""Which sessions were opened with a DID."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services.uses import SHOWN, Use
from sessions.models import Session

KIND = "session"


def opened_with(user: User, did: Did) -> Iterator[Use]:
    """Yield the user's sessions that were started with a DID, the newest first."""
    with_it = Session.objects.visible_to(user).filter(datasets__contains=[str(did)])
    for row in with_it.order_by("-created_at")[:SHOWN]:
        url = reverse("sessions:session", args=[row.pk])
        yield Use(KIND, row.name, url, row.created_at, row.state)
