"""Copies that end soon: who is told, and how often."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from activity.services import timeline
from data_mgmt import request_words, services
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import endings
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(data_backend: FakeDataBackend, asked: ReplicaRequest) -> ReplicaRequest:
    """A copy that is kept for a month, of which a day is left."""
    services.change(asked, services.Changes(30, keeps_lifetime=False))
    work()
    data_backend.arrive(asked.rule_id)
    tick(asked)
    ReplicaRequest.objects.update(expires_at=timezone.now() + timedelta(days=1))
    asked.refresh_from_db()
    return asked


def _warnings(request: ReplicaRequest) -> list[str]:
    events = timeline(request.user, ("replica-request", request.pk))
    return [event.text for event in events if event.verb == "replica-request.ends-soon"]


def test_its_owner_is_told_once_with_a_way_to_extend_it(
    browser: Client, kept: ReplicaRequest
) -> None:
    endings.warn()
    endings.warn()

    (told,) = _warnings(kept)
    assert told.startswith("cms:dimuon at LAPP-DISK ends in ")
    assert told.endswith("extend it to keep the copy")
    page = browser.get(f"/data/requests/{kept.pk}/").text
    assert "It ends soon" in page
    assert 'popovertarget="extend-request"' in page


def test_an_extended_copy_is_told_of_at_its_new_end(kept: ReplicaRequest) -> None:
    endings.warn()
    ReplicaRequest.objects.update(expires_at=timezone.now() + timedelta(days=2))

    endings.warn()

    assert len(_warnings(kept)) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"lifetime_days": 2},
        {"expires_at": None},
        {"expires_at": timezone.now() + timedelta(days=5)},
        {"state": RequestState.CANCELLED},
        {"cancel_requested_at": timezone.now()},
    ],
    ids=["short", "endless", "far", "over", "cancelled"],
)
def test_of_others_nobody_is_told(kept: ReplicaRequest, values: dict[str, object]) -> None:
    ReplicaRequest.objects.update(**values)

    assert endings.warn() == 0


@pytest.mark.parametrize(
    ("days", "left", "warned"),
    [(30, 71, True), (30, 73, False), (None, 71, True), (2, 36, False), (2, 11, True)],
)
def test_a_page_warns_in_the_last_part_of_what_was_wanted(
    kept: ReplicaRequest, days: int | None, left: int, warned: bool
) -> None:
    now = timezone.now()
    kept.lifetime_days, kept.expires_at = days, now + timedelta(hours=left)

    assert bool(request_words.ends_soon(kept, now)) is warned


def test_an_end_that_was_asked_for_is_no_news(kept: ReplicaRequest) -> None:
    services.end_later(kept)
    work()

    assert endings.warn() == 0


def test_the_days_are_a_setting(kept: ReplicaRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VRE_EXPIRY_NOTICE_DAYS", "0")
    get_config.cache_clear()

    assert endings.warn() == 0
