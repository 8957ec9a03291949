"""A workflow's states follow REANA's rules."""

from __future__ import annotations

import pytest

from demo.reana.values import TRANSITIONS, Status, sources_of


def test_a_pending_run_is_deleted_but_never_stopped() -> None:
    allowed = TRANSITIONS[Status.PENDING]

    assert Status.DELETED in allowed
    assert Status.STOPPED not in allowed


def test_a_running_run_is_stopped_before_it_is_deleted() -> None:
    allowed = TRANSITIONS[Status.RUNNING]

    assert Status.STOPPED in allowed
    assert Status.DELETED not in allowed


def test_a_run_ends_only_once() -> None:
    endings = {Status.FINISHED, Status.FAILED, Status.STOPPED}

    after_the_end = {target for ending in endings for target in TRANSITIONS[ending]}

    assert after_the_end == {Status.DELETED}


def test_nothing_follows_a_deletion() -> None:
    assert TRANSITIONS[Status.DELETED] == frozenset()


def test_every_state_but_the_first_can_be_reached() -> None:
    unreachable = {status for status in Status if not sources_of(status)}

    assert unreachable == {Status.CREATED}


@pytest.mark.parametrize("status", list(Status))
def test_an_ended_run_holds_no_slot(status: Status) -> None:
    assert not (status.ended and status.active)
