"""Watching replica requests: progress, reasons, ends, and how rarely Rucio is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from data_mgmt import services
from data_mgmt.backends.values import Did, RuleState
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import comparing, watching
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.errors import (
    UpstreamUnavailable,
)

pytestmark = pytest.mark.django_db


def test_progress_counts_files_and_their_bytes(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id, 2)

    tick(asked)

    assert asked.state == RequestState.REPLICATING
    assert (asked.files_done, asked.files_total) == (2, 3)
    assert (asked.bytes_done, asked.bytes_total) == (300, 600)
    assert asked.last_checked_at is not None


def test_a_complete_rule_ends_the_watching(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id)

    tick(asked)

    assert asked.state == RequestState.OK
    assert (asked.files_done, asked.bytes_done) == (3, 600)
    assert asked.finished_at is not None
    assert asked.next_check_at is None


def test_a_stuck_rule_is_shown_with_its_reason(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id, 1)
    said = "[Errno 2] No such file or directory: muons_2.root at CERN-DISK"
    data_backend.stick(asked.rule_id, said)

    tick(asked)

    assert asked.state == RequestState.STUCK
    assert asked.reason == (
        "2 of 3 files do not arrive: the source file is missing at CERN-DISK:"
        " No such file or directory: muons_2.root"
    )


def test_a_stuck_request_that_recovers_loses_its_reason(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.stick(asked.rule_id, "the source is away")
    tick(asked)
    data_backend.arrive(asked.rule_id)

    tick(asked)

    assert (asked.state, asked.reason) == (RequestState.OK, "")


def test_many_requests_of_a_user_cost_one_list(
    alice: User, data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    for number in (1, 2, 3):
        services.request_replica(alice, Did("cms", f"muons_{number}.root"), storage="LAPP-DISK")
    work()
    before = data_backend.calls["list_rules"]

    tick(asked)

    assert data_backend.calls["list_rules"] == before + 1
    assert data_backend.calls["get_rule"] == 0


def test_a_second_watcher_leaves_it_to_the_first(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    cache.add(watching.ALONE, "1", 30)

    tick(asked)

    assert data_backend.calls["rules_changed"] == 0
    assert data_backend.calls["list_rules"] == 0


def test_the_older_a_request_the_rarer_the_look_where_no_change_is_heard_of(
    asked: ReplicaRequest, no_service_account: None
) -> None:
    old = timezone.now() - timedelta(minutes=10)
    ReplicaRequest.objects.update(created_at=old)

    tick(asked)

    assert asked.next_check_at is not None
    wait = (asked.next_check_at - timezone.now()).total_seconds()
    assert 25 < wait <= 30


def test_with_rucio_down_the_last_state_stays_and_the_look_is_put_off(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id, 1)
    tick(asked)
    seen = asked.last_checked_at
    data_backend.fail_on("list_rules", UpstreamUnavailable("Rucio does not answer"))

    tick(asked)

    assert (asked.state, asked.files_done) == (RequestState.REPLICATING, 1)
    assert asked.last_checked_at == seen
    assert asked.next_check_at is not None
    assert asked.next_check_at > timezone.now() + timedelta(seconds=5)


def test_a_rule_that_somebody_removed_ends_the_request(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.remove(asked.rule_id)

    tick(asked)

    assert asked.state == RequestState.CANCELLED
    assert "removed in Rucio" in asked.reason


def test_a_rule_whose_time_is_over_makes_the_request_expired(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK", lifetime_days=1)
    work()
    request.refresh_from_db()
    data_backend.arrive(request.rule_id)
    tick(request)
    ReplicaRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    data_backend.remove(request.rule_id)

    tick(request)

    assert request.state == RequestState.EXPIRED


def test_every_state_of_a_rule_has_one_of_a_request() -> None:
    assert set(comparing.STATES) == set(RuleState)
