"""One poller for all: what it asks of Rucio, however many requests of however many people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import comparing, watching
from tests.factories import make_user
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.conftest import give_token
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db
MUONS = [Did("cms", f"muons_{number}.root") for number in (1, 2, 3)]


@pytest.fixture
def many(data_backend: FakeDataBackend) -> list[ReplicaRequest]:
    """Requests for three files by each of ten people, all due."""
    for number in range(10):
        person = give_token(make_user(f"user{number}"), data_backend)
        for did in MUONS:
            services.request_replica(person, did, storage="LAPP-DISK")
    work()
    data_backend.calls.clear()
    return list(ReplicaRequest.objects.all())


def test_the_changes_of_many_requests_of_many_people_cost_one_list(
    data_backend: FakeDataBackend, many: list[ReplicaRequest]
) -> None:
    ReplicaRequest.objects.update(next_check_at=timezone.now() + timedelta(hours=1))
    for request in many:
        data_backend.arrive(request.rule_id)

    watching.tick()

    assert set(ReplicaRequest.objects.values_list("state", flat=True)) == {RequestState.OK}
    assert data_backend.calls["rules_changed"] == 1
    assert sum(data_backend.calls.values()) == 1 + data_backend.calls["service_credential"]


def test_a_tick_asks_no_more_than_its_allowance_however_much_is_due(
    data_backend: FakeDataBackend, many: list[ReplicaRequest]
) -> None:
    ReplicaRequest.objects.update(next_check_at=timezone.now())
    for request in many:
        data_backend.remove(request.rule_id)

    watching.tick()

    asked = data_backend.calls["list_rules"] + data_backend.calls["get_rule"]
    assert 0 < asked <= watching.QUESTIONS


def test_what_is_due_is_looked_at_in_the_end(
    data_backend: FakeDataBackend, many: list[ReplicaRequest]
) -> None:
    for request in many:
        data_backend.remove(request.rule_id)

    for _tick in range(20):
        active = ReplicaRequest.objects.active()
        active.filter(next_check_at__isnull=False).update(next_check_at=timezone.now())
        watching.tick()

    assert not ReplicaRequest.objects.active().exists()


def test_without_details_the_share_of_files_stands_for_the_bytes(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id, 2)

    comparing.compare(asked, data_backend.rules[asked.rule_id].rule, comparing.Questions(0))

    asked.refresh_from_db()
    assert (asked.files_done, asked.bytes_done) == (2, 400)


def test_the_reason_of_a_stuck_rule_is_asked_for_as_soon_as_there_is_room(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.stick(asked.rule_id, "No such file")
    kept = data_backend.rules[asked.rule_id]
    kept.rule = replace(kept.rule, error="")

    comparing.compare(asked, kept.rule, comparing.Questions(0))
    before = asked.reason
    tick(asked)

    asked.refresh_from_db()
    assert "Rucio is being asked why" in before
    assert "No such file" in asked.reason


def test_a_request_that_a_person_has_open_is_not_looked_at_where_changes_are_heard_of(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    watching.tick()
    ReplicaRequest.objects.update(
        next_check_at=timezone.now() + timedelta(hours=1), last_checked_at=None
    )

    services.look_soon(asked)

    asked.refresh_from_db()
    assert asked.next_check_at is not None
    assert asked.next_check_at > timezone.now() + timedelta(minutes=50)


def test_what_is_known_is_as_of_the_last_list_of_changes(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    watching.tick()
    asked.refresh_from_db()
    ReplicaRequest.objects.update(last_checked_at=timezone.now() - timedelta(hours=1))
    asked.refresh_from_db()

    known = services.known_at(asked)

    assert known is not None
    assert timezone.now() - known < timedelta(minutes=1)


def test_without_a_service_account_each_persons_own_list_tells(
    data_backend: FakeDataBackend, asked: ReplicaRequest, no_service_account: None
) -> None:
    data_backend.arrive(asked.rule_id)
    ReplicaRequest.objects.update(next_check_at=timezone.now())

    watching.tick()

    asked.refresh_from_db()
    assert asked.state == RequestState.OK
    assert data_backend.calls["rules_changed"] == 0
    assert data_backend.calls["service_credential"] == 0


def test_where_the_list_of_changes_fails_the_looks_go_on_and_nothing_is_lost(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    watching.tick()
    cursor = cache.get(watching.CURSOR)
    data_backend.arrive(asked.rule_id)
    data_backend.fail_on("rules_changed", UpstreamUnavailable("Rucio does not answer"))
    ReplicaRequest.objects.update(next_check_at=timezone.now())

    watching.tick()

    asked.refresh_from_db()
    assert asked.state == RequestState.OK
    assert cache.get(watching.CURSOR) == cursor


def test_nothing_watched_costs_nothing(data_backend: FakeDataBackend, alice: User) -> None:
    watching.tick()

    assert not data_backend.calls


def test_one_that_breaks_off_does_not_hold_the_others_up(
    data_backend: FakeDataBackend, many: list[ReplicaRequest], no_service_account: None
) -> None:
    lost = many[0].user
    lost.identities.all().delete()
    for request in many:
        data_backend.arrive(request.rule_id)

    for _tick in range(4):
        watching.tick()

    done = ReplicaRequest.objects.filter(state=RequestState.OK)
    assert done.count() == len(many) - len(MUONS)
