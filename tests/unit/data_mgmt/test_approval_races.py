"""Approvals: who was quicker, what a crash leaves, and how data managers hear of new ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from activity.models import Event
from data_mgmt.backends import RuleState
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RuleAction
from data_mgmt.models_approvals import RuleVerb
from data_mgmt.services import managers, rule_actions
from data_mgmt.services.rule_actions import Wish
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.deciding import a_manager, a_waiting_request, browser_of, decided
from tests.unit.data_mgmt.steps import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana(data_backend: FakeDataBackend) -> User:
    """A data manager."""
    return a_manager(data_backend)


@pytest.fixture
def desk(dana: User) -> Client:
    """Dana's browser."""
    return browser_of(dana)


@pytest.fixture
def waiting(alice: User, dimuon: Did) -> ReplicaRequest:
    """Alice's request that waits for approval."""
    return a_waiting_request(alice, dimuon)


def test_somebody_quicker_is_told_and_no_error(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    rule = data_backend.rules[waiting.rule_id].rule
    batch = rule_actions.begin(dana, [rule], Wish(RuleVerb.DENY, "no room"))
    kept = data_backend.rules[waiting.rule_id]
    kept.rule = replace(kept.rule, state=RuleState.INJECT)
    work()

    (action,) = rule_actions.outcomes(dana, batch)
    assert action.state == "overtaken"
    assert "somebody else has approved it" in action.reason
    assert waiting.rule_id in data_backend.rules


def test_what_is_gone_is_told(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    rule = data_backend.rules[waiting.rule_id].rule
    batch = rule_actions.begin(dana, [rule], Wish(RuleVerb.APPROVE))
    data_backend.remove(waiting.rule_id)
    work()

    (action,) = rule_actions.outcomes(dana, batch)
    assert (action.state, action.reason) == (
        "overtaken", "It is gone: somebody ended, withdrew or denied it.",
    )  # fmt: skip


def test_two_data_managers_at_once_decide_once(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    other = a_manager(data_backend, "dora")
    rule = data_backend.rules[waiting.rule_id].rule

    rule_actions.begin(dana, [rule], Wish(RuleVerb.APPROVE))
    second = rule_actions.begin(other, [rule], Wish(RuleVerb.DENY, "no"))
    work()

    assert rule_actions.outcomes(other, second)[0].state == "overtaken"
    assert data_backend.calls["deny_rule"] == 0
    assert data_backend.rules[waiting.rule_id].rule.state is RuleState.INJECT


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_a_worker_killed_after_the_call_finds_it_done(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend, verb: str
) -> None:
    rule = data_backend.rules[waiting.rule_id].rule
    batch = rule_actions.begin(dana, [rule], Wish(RuleVerb(verb), "note"))
    RuleAction.objects.update(sent_at=timezone.now())
    if verb == "approve":
        data_backend.rules[waiting.rule_id].rule = replace(rule, state=RuleState.REPLICATING)
    else:
        data_backend.remove(waiting.rule_id)
    work()

    assert rule_actions.outcomes(dana, batch)[0].state == "done"


def test_a_retry_after_a_sent_denial_does_not_claim_what_others_approved(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    rule = data_backend.rules[waiting.rule_id].rule
    batch = rule_actions.begin(dana, [rule], Wish(RuleVerb.DENY, "note"))
    RuleAction.objects.update(sent_at=timezone.now())
    data_backend.rules[waiting.rule_id].rule = replace(rule, state=RuleState.INJECT)
    work()

    assert rule_actions.outcomes(dana, batch)[0].state == "overtaken"


def test_the_work_of_a_manager_who_left_blocks_nobody(
    dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    rule = data_backend.rules[waiting.rule_id].rule
    rule_actions.begin(dana, [rule], Wish(RuleVerb.APPROVE))
    dana.delete()
    other = a_manager(data_backend, "dora")

    batch = rule_actions.begin(other, [rule], Wish(RuleVerb.APPROVE))
    work()

    assert rule_actions.outcomes(other, batch)[0].state == "done"


def test_new_ones_are_told_to_data_managers_once_and_counted(
    desk: Client, dana: User, alice: User, waiting: ReplicaRequest
) -> None:
    managers.watch()
    managers.watch()

    told = Event.objects.get(user=dana, verb="approval.waits")
    assert told.text == "Alice asks for cms:dimuon at LAPP-DISK: it waits for your approval"
    assert managers.waiting_count(dana.pk) == 1
    assert managers.waiting_count(alice.pk) == 0
    home = desk.get("/").text
    assert "1 thing waits for your decision" in home


def test_a_flood_is_told_as_one(dana: User, alice: User, data_backend: FakeDataBackend) -> None:
    for number in range(7):
        did = data_backend.add_file(f"cms:flood_{number}", b"x", ["CERN-DISK"])
        a_waiting_request(alice, did)

    managers.watch()

    assert [event.text for event in Event.objects.filter(user=dana)] == [
        "7 new requests for copies wait for your approval"
    ]
    assert managers.waiting_count(dana.pk) == 7


def test_what_is_decided_is_counted_no_more(
    desk: Client, dana: User, waiting: ReplicaRequest
) -> None:
    managers.watch()

    decided(desk, waiting, "approve")

    assert managers.waiting_count(dana.pk) == 0


def test_nobody_is_asked_while_there_is_no_data_manager(
    waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    managers.watch()

    assert data_backend.calls["find_rules"] == 0
