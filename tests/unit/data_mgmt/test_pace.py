"""How fast a request goes on, and why it waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt import request_words, services
from data_mgmt.backends.values import Did, FileFault, Rule, RuleState
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import pace, reasons
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def moving() -> ReplicaRequest:
    return ReplicaRequest(
        did_scope="cms",
        did_name="dimuon",
        storage="LAPP-DISK",
        state=RequestState.REPLICATING,
        files_total=10,
        bytes_total=10_240_000,
    )


def arrive(request: ReplicaRequest, seconds: float, files: int) -> None:
    request.files_done, request.bytes_done = files, files * 1_024_000
    pace.note(request, NOW + timedelta(seconds=seconds))


def test_speed_and_time_left_come_from_what_has_arrived(moving: ReplicaRequest) -> None:
    arrive(moving, 0, 2)
    arrive(moving, 60, 5)

    found = pace.pace_of(moving, NOW + timedelta(seconds=60))

    assert found is not None
    assert (found.span, found.files, found.bytes_per_second) == (60, 3, 51_200)
    assert found.left == pytest.approx(100)
    assert request_words.pace_sentence(found) == (
        "50 KiB/s over the last 1 min, 3 files in that time. About 1 min 40 s left."
    )


def test_what_is_stuck_keeps_no_time(moving: ReplicaRequest) -> None:
    arrive(moving, 0, 2)
    arrive(moving, 60, 5)
    moving.state = RequestState.STUCK

    found = pace.pace_of(moving, NOW + timedelta(seconds=60))

    assert found is not None
    assert (found.files, found.left) == (3, None)


def test_where_sizes_are_not_known_files_tell_the_time_left(moving: ReplicaRequest) -> None:
    moving.bytes_total = 0
    pace.note(moving, NOW)
    moving.files_done = 5
    pace.note(moving, NOW + timedelta(seconds=50))

    found = pace.pace_of(moving, NOW + timedelta(seconds=50))

    assert found is not None
    assert found.left == pytest.approx(50)


def test_what_arrived_longer_ago_does_not_count(moving: ReplicaRequest) -> None:
    arrive(moving, 0, 1)
    arrive(moving, 400, 9)
    arrive(moving, 500, 9)

    found = pace.pace_of(moving, NOW + timedelta(seconds=500))

    assert request_words.pace_sentence(found) == ("Nothing has arrived in the last 1 min 40 s.")


def test_one_look_tells_no_speed(moving: ReplicaRequest) -> None:
    arrive(moving, 0, 2)

    assert pace.pace_of(moving, NOW + timedelta(seconds=1)) is None
    assert request_words.pace_sentence(None) == ""


def test_an_end_within_days_is_warned_of(moving: ReplicaRequest) -> None:
    moving.expires_at = NOW + timedelta(hours=5, minutes=1)

    assert request_words.ends_soon(moving, NOW).startswith("It ends in 5 hours;")
    moving.expires_at = NOW + timedelta(days=4)
    assert request_words.ends_soon(moving, NOW) == ""
    moving.expires_at = NOW - timedelta(seconds=1)
    assert "Its time is over" in request_words.ends_soon(moving, NOW)
    moving.state = RequestState.CANCELLED
    assert request_words.ends_soon(moving, NOW) == ""


def test_a_tape_is_told(alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend) -> None:
    for number in (1, 2, 3):
        data_backend.files[Did("cms", f"muons_{number}.root")].storages = {"CNAF-TAPE"}
    data_backend.inject(asked.rule_id)
    tick(asked)

    assert services.why_waits(alice, asked) == (
        "Waiting: it is read from tape at CNAF-TAPE, which takes hours."
    )


def test_a_storage_that_takes_nothing_is_told(
    alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    data_backend.add_storage("LAPP-DISK", is_writable=False)
    data_backend.inject(asked.rule_id)
    tick(asked)

    assert services.why_waits(alice, asked) == "Waiting: LAPP-DISK takes no data at the moment."


def test_why_it_waits_costs_rucio_one_look_a_minute_and_no_page(
    alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    data_backend.inject(asked.rule_id)
    tick(asked)
    data_backend.calls.clear()

    assert [services.why_waits(alice, asked) for _ in range(3)] == ["", "", ""]
    assert data_backend.calls["availability"] == 1
    cache.clear()
    data_backend.fail_on("availability", UpstreamUnavailable("Rucio does not answer"))
    assert services.why_waits(alice, asked) == ""


def test_what_most_files_say_is_the_reason_with_its_storage(
    alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    fault = FileFault(asked.did, "LAPP-DISK", "No such file", 2, "CERN-DISK")
    other = FileFault(asked.did, "LAPP-DISK", "Broken pipe", 1, "CERN-DISK")
    data_backend.told_faults = (fault, fault, other)
    rule = Rule("r", asked.did, alice.handle, "LAPP-DISK", 1, RuleState.STUCK, 9, 0, 3)

    reason = reasons.stuck_reason(credential_for(alice, "rucio"), rule)

    assert reason == (
        "3 of 12 files do not arrive: the source file is missing at CERN-DISK: No such file"
    )


def test_a_suspended_rule_says_so(alice: User, asked: ReplicaRequest) -> None:
    rule = Rule("r", asked.did, alice.handle, "LAPP-DISK", 1, RuleState.SUSPENDED)

    assert "suspended" in reasons.stuck_reason(credential_for(alice, "rucio"), rule)


def test_too_many_stuck_files_are_not_examined(
    alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    rule = Rule("r", asked.did, alice.handle, "LAPP-DISK", 1, RuleState.STUCK, 0, 0, 50_000)

    reason = reasons.stuck_reason(credential_for(alice, "rucio"), rule)

    assert reason == "50000 of 50000 files do not arrive: Rucio gives no reason"
    assert data_backend.calls["faults"] == 0
