"""The data manager's queue: who sees it, what it tells, decisions once and told to the asker."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt.backends import RuleState
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RuleAction
from data_mgmt.services import decisions
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.deciding import a_manager, a_waiting_request, browser_of, decided, rule_of
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import UpstreamUnavailable
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
PAGE = "/data/approvals/"
DECIDE = f"{PAGE}decide"
API = "/api/v1/data/approvals"


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


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?tab=quota", f"{PAGE}?tab=decided", API])
def test_the_queue_does_not_exist_for_others(
    browser: Client, waiting: ReplicaRequest, address: str
) -> None:
    assert browser.get(address).status_code == 404
    assert "/data/approvals/" not in browser.get("/").text


def test_nobody_else_decides(
    browser: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    told = {"rule": waiting.rule_id, "action": "approve", "confirmed": "yes"}

    assert browser.post(DECIDE, told).status_code == 404
    assert browser.post(f"{API}/{rule_of(waiting)}/approve").status_code == 404
    assert browser.post(f"{API}/{rule_of(waiting)}/deny").status_code == 404
    assert not RuleAction.objects.exists()
    assert data_backend.rules[waiting.rule_id].rule.state is RuleState.WAITING_APPROVAL


def test_the_queue_tells_size_room_quota_and_reason(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend, alice: User
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 500)

    text = desk.get(PAGE).text

    assert "cms:dimuon" in text
    assert "for the thesis" in text
    assert "Alice" in text
    assert "600 B" in text
    assert "3 files" in text
    assert "10 GiB free" in text
    assert "600 B of 500 B" in text
    assert "beyond the asker&#x27;s quota" in text or "beyond the asker's quota" in text


def test_what_other_tools_asked_for_waits_in_it_too(
    desk: Client, data_backend: FakeDataBackend, dimuon: Did, bob: User
) -> None:
    rule = data_backend.add_rule(
        replace(data_backend.service_credential(), account="stranger"),
        dimuon, storage="CNAF-TAPE", ask_approval=True,
    )  # fmt: skip

    text = desk.get(PAGE).text

    assert f'value="{rule}"' in text
    assert "stranger" in text
    assert "No reason given" in text


def test_the_queue_is_filtered_by_its_address(
    desk: Client, alice: User, bob: User, dimuon: Did
) -> None:
    a_waiting_request(alice, dimuon)
    a_waiting_request(bob, Did("cms", "muons_1.root"), "CNAF-TAPE")

    def found(query: str) -> list[str]:
        items = desk.get(f"{API}?{query}").json()["items"]
        return sorted(item["did"] for item in items)

    both = ["cms:dimuon", "cms:muons_1.root"]
    assert found("") == both
    assert found("storage=*-TAPE") == ["cms:muons_1.root"]
    assert found("scope=cms") == both
    assert found("scope=astro") == []
    assert found(f"asker={alice.handle}") == ["cms:dimuon"]
    assert found("name=dimu*") == ["cms:dimuon"]
    assert "Nothing that waits fits" in desk.get(f"{PAGE}?scope=astro").text


def test_a_filter_that_is_too_long_is_refused_by_name(desk: Client) -> None:
    answer = desk.get(f"{PAGE}?scope={'x' * 251}")

    assert answer.status_code == 422
    assert "scope: this is too long." in answer.text
    assert desk.get(f"{API}?asker={'x' * 251}").json()["field"] == "asker"


def test_the_queue_comes_in_parts_the_oldest_first(
    desk: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    for name in ("muons_1.root", "muons_2.root", "muons_3.root"):
        made = a_waiting_request(alice, Did("cms", name))
        kept = data_backend.rules[made.rule_id]
        kept.rule = replace(kept.rule, created_at=timezone.now())

    first = desk.get(f"{API}?limit=2").json()
    second = desk.get(first["next"]).json()
    wrong = desk.get(f"{API}?cursor=nonsense")

    names = [item["did"] for item in first["items"] + second["items"]]
    assert names == ["cms:muons_1.root", "cms:muons_2.root", "cms:muons_3.root"]
    assert (first["total"], second["next"]) == (3, None)
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")
    assert "cursor=" in unescape(desk.get(f"{PAGE}?limit=2").text)


def test_with_rucio_silent_the_page_says_so(desk: Client, data_backend: FakeDataBackend) -> None:
    data_backend.fail_on("find_rules", UpstreamUnavailable("Rucio does not answer."))

    answer = desk.get(PAGE)

    assert answer.status_code == 503
    assert "Rucio does not answer." in answer.text
    assert desk.get(f"{PAGE}?tab=quota").status_code == 200


def test_approving_asks_first_then_lets_the_rule_go_on_and_tells(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend, alice: User, dana: User
) -> None:
    question = desk.post(DECIDE, {"rule": waiting.rule_id, "action": "approve"}).text
    untouched = data_backend.rules[waiting.rule_id].rule.state
    answer = decided(desk, waiting, "approve", "enjoy, 100 %")

    assert "Approve 1 copy?" in question
    assert untouched is RuleState.WAITING_APPROVAL
    assert data_backend.rules[waiting.rule_id].rule.state is RuleState.INJECT
    assert waiting.state == "preparing"
    told = Event.objects.filter(user=alice, verb="replica-request.approved").get()
    assert told.text == "Dana approved cms:dimuon at LAPP-DISK: enjoy, 100 %"
    assert told.url == f"/data/requests/{waiting.pk}/"
    assert Event.objects.filter(user=dana, verb="rule.approve").exists()
    outcome = desk.get(answer["Location"]).text
    assert "All is done: 1 rule." in outcome
    assert ">approved<" in outcome


def test_denying_needs_a_note(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    answer = decided(desk, waiting, "deny", "  ")

    assert answer.status_code == 422
    assert "note: say why it is denied" in answer.text
    assert waiting.rule_id in data_backend.rules


def test_a_denied_request_keeps_who_and_why(
    desk: Client,
    browser: Client,
    waiting: ReplicaRequest,
    data_backend: FakeDataBackend,
    alice: User,
) -> None:
    decided(desk, waiting, "deny", "the tape is full at 100 %")

    assert waiting.rule_id not in data_backend.rules
    assert waiting.state == "cancelled"
    assert waiting.reason == "Denied by Dana: the tape is full at 100 %"
    assert (
        "Denied by Dana: the tape is full at 100 %"
        in browser.get(f"/data/requests/{waiting.pk}/").text
    )
    told = Event.objects.get(user=alice, verb="replica-request.denied")
    assert told.text == "cms:dimuon at LAPP-DISK: Denied by Dana: the tape is full at 100 %"
    assert decisions.denial_of(waiting.rule_id) == waiting.reason
    assert decisions.denial_of("not a rule") == ""


def test_an_asker_without_a_request_is_told_in_the_inbox(
    desk: Client, bob: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    who = replace(data_backend.service_credential(), account=bob.handle)
    rule = data_backend.add_rule(who, dimuon, storage="LAPP-DISK", ask_approval=True)

    desk.post(DECIDE, {"rule": rule, "action": "deny", "confirmed": "yes", "note": "no room"})
    work()

    assert Event.objects.get(user=bob, verb="rule.denied").text == (
        "cms:dimuon at LAPP-DISK: Denied by Dana: no room"
    )


def test_a_decision_stands_in_the_audit_log(
    desk: Client, waiting: ReplicaRequest, dana: User
) -> None:
    decided(desk, waiting, "deny", "no room")

    event = AuditEvent.objects.get(object_id=waiting.rule_id)
    assert (event.action, event.actor) == ("rule.deny", dana.pk)
    assert event.detail["note"] == "no room"
    assert event.detail["did"] == "cms:dimuon"


def test_rucio_decides_who_is_a_data_manager(
    desk: Client, dana: User, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    data_backend.data_managers.discard(dana.handle)

    answer = decided(desk, waiting, "approve")

    outcome = desk.get(answer["Location"]).text
    assert "1 of 1 could not be done." in outcome
    assert "Rucio does not let your account do this." in outcome
    assert waiting.state == "waiting_approval"


def test_those_that_wait_no_more_are_counted_before_the_question(
    desk: Client, waiting: ReplicaRequest
) -> None:
    told = {"rule": [waiting.rule_id, uuid.uuid4().hex], "action": "approve"}

    text = desk.post(DECIDE, told).text
    none = desk.post(DECIDE, {"rule": uuid.uuid4().hex, "action": "approve"}, follow=True).text

    assert "1 of those chosen waits no more" in text
    assert "None of them waits any more" in none


@pytest.mark.parametrize("told", [{}, {"rule": "x"}])
def test_nothing_chosen_is_told(desk: Client, told: dict[str, str]) -> None:
    text = desk.post(DECIDE, {**told, "action": "approve"}, follow=True).text

    assert "Choose at least one." in text or "rule: this is no id." in text


def test_an_unknown_action_is_refused(desk: Client) -> None:
    assert desk.post(DECIDE, {"action": "burn"}).status_code == 422


def test_the_api_decides_with_a_note(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    listed = desk.get(API).json()["items"][0]["id"]

    def post(verb: str, body: object, key: object = None) -> Any:
        address = f"{API}/{key or listed}/{verb}"
        return desk.post(address, json.dumps(body), content_type="application/json")

    without = post("deny", {})
    answer = post("deny", {"note": "no room"})
    work()

    assert (without.status_code, without.json()["field"]) == (422, "note")
    assert answer.status_code == 202
    assert (answer.json()["action"], answer.json()["state"]) == ("deny", "waiting")
    assert waiting.rule_id not in data_backend.rules
    assert post("approve", {}).status_code == 404
    assert post("approve", {}, uuid.uuid4()).status_code == 404


def test_what_was_decided_is_listed_to_every_data_manager(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    decided(desk, waiting, "deny", "no room")
    other = browser_of(a_manager(data_backend, "dora"))

    text = other.get(f"{PAGE}?tab=decided").text

    assert "no room" in text
    assert "Dana" in text


def test_an_outcome_is_its_deciders_only(
    desk: Client, waiting: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    answer = decided(desk, waiting, "approve")
    other = browser_of(a_manager(data_backend, "dora"))

    assert other.get(answer["Location"]).status_code == 404


def test_each_decision_is_one_operation(desk: Client, waiting: ReplicaRequest) -> None:
    before = Operation.objects.count()

    decided(desk, waiting, "approve")

    assert Operation.objects.count() == before + 1
