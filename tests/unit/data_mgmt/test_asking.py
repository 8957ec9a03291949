"""Asking for copies: what is there already, what policy wants to hear, several at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.credentials import credential_for
from accounts.models import AuditEvent, User
from data_mgmt import services
from data_mgmt.backends import get_backend
from data_mgmt.backends.values import Did, RuleState
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import Terms
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, QuotaExceeded
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
WISH = {"did": "cms:dimuon", "storage": "LAPP-DISK", "lifetime_days": "", "comment": ""}
ESTIMATE = "/api/v1/data/replica-requests/estimate"
REQUESTS = "/api/v1/data/replica-requests"


@pytest.fixture
def done(data_backend: FakeDataBackend, asked: ReplicaRequest) -> ReplicaRequest:
    """A request whose copy has arrived."""
    data_backend.arrive(asked.rule_id)
    return tick(asked)


@pytest.fixture
def on_tape(data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch) -> Did:
    """A dataset of 300 bytes that only tape has, with small bounds for recalls."""
    monkeypatch.setenv("VRE_RECALL_ASK_BYTES", "100")
    monkeypatch.setenv("VRE_RECALL_APPROVE_BYTES", "200")
    get_config.cache_clear()
    file = data_backend.add_file("cms:archived.root", b"x" * 300, ["CNAF-TAPE"])
    return data_backend.add_dataset("cms:archive", file)


def test_a_copy_that_is_there_is_not_asked_for_again(
    alice: User, dimuon: Did, done: ReplicaRequest
) -> None:
    answer = services.ask_one(alice, dimuon, "LAPP-DISK", Terms(lifetime_days=7))

    assert (answer.request.pk, answer.is_new) == (done.pk, False)
    assert answer.request.lifetime_days is None
    assert ReplicaRequest.objects.count() == 1


def test_the_page_says_that_it_is_already_there(browser: Client, done: ReplicaRequest) -> None:
    answer = browser.post("/data/requests/", WISH | {"lifetime_days": "7"}, follow=True)

    assert answer.redirect_chain[-1][0] == f"/data/requests/{done.pk}/"
    assert "It is already there, by this request" in answer.text
    assert "extend-request" in answer.text


def test_the_api_answers_200_with_the_request_that_stands(
    browser: Client, done: ReplicaRequest
) -> None:
    answer = browser.post(
        REQUESTS, {"did": "cms:dimuon", "storage": "LAPP-DISK"}, content_type="application/json"
    )

    assert answer.status_code == 200
    assert answer.json()["id"] == str(done.pk)


def test_a_copy_whose_rule_is_gone_is_asked_for_anew(
    alice: User, data_backend: FakeDataBackend, dimuon: Did, done: ReplicaRequest
) -> None:
    data_backend.remove(done.rule_id)

    answer = services.ask_one(alice, dimuon, "LAPP-DISK", Terms())
    work()

    done.refresh_from_db()
    answer.request.refresh_from_db()
    assert answer.is_new
    assert done.state == RequestState.CANCELLED
    assert answer.request.rule_id not in {"", done.rule_id}


def test_a_copy_of_the_same_name_in_another_scope_is_left_alone(
    alice: User, data_backend: FakeDataBackend, done: ReplicaRequest
) -> None:
    other = data_backend.add_dataset("lhcb:dimuon", data_backend.add_file("lhcb:a", b"x"))

    answer = services.ask_one(alice, other, "LAPP-DISK", Terms())

    done.refresh_from_db()
    assert answer.is_new
    assert done.state == RequestState.OK


def test_ones_own_rule_made_elsewhere_is_followed_instead_of_made_twice(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    credential = credential_for(alice, "rucio")
    rule_id = get_backend().add_rule(
        credential, dimuon, storage="LAPP-DISK", lifetime_seconds=3 * 86400, comment="by hand"
    )

    answer = services.ask_one(alice, dimuon, "LAPP-DISK", Terms(comment="again"))

    assert not answer.is_new
    request = answer.request
    assert (request.rule_id, request.comment, request.lifetime_days) == (rule_id, "by hand", 3)
    assert not Operation.objects.exists()
    assert AuditEvent.objects.filter(action="replica-request.adopted").exists()
    data_backend.arrive(rule_id)
    assert tick(request).state == RequestState.OK


def test_the_rule_of_another_is_not_ones_own(
    alice: User, bob: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    services.request_replica(bob, dimuon, storage="LAPP-DISK")
    work()

    assert services.ask_one(alice, dimuon, "LAPP-DISK", Terms()).is_new


def test_a_wish_after_a_cancellation_waits_for_its_end_and_gets_a_rule_of_its_own(
    alice: User, data_backend: FakeDataBackend, dimuon: Did, asked: ReplicaRequest
) -> None:
    services.cancel(asked)

    second = services.ask_one(alice, dimuon, "LAPP-DISK", Terms())
    work()
    work()

    asked.refresh_from_db()
    second.request.refresh_from_db()
    assert second.is_new
    assert asked.state == RequestState.CANCELLED
    assert second.request.rule_id not in {"", asked.rule_id}


def test_copies_at_several_storages_are_a_request_each(browser: Client, alice: User) -> None:
    get = get_backend()
    assert isinstance(get, FakeDataBackend)
    get.set_limit(alice.handle, "CNAF-TAPE", 2**30)

    answer = browser.post("/data/requests/", WISH | {"storage": ["LAPP-DISK", "CNAF-TAPE"]})

    assert answer.status_code == 200
    assert "2 requests are on their way." in answer.text
    assert {row.storage for row in ReplicaRequest.objects.all()} == {"LAPP-DISK", "CNAF-TAPE"}


def test_what_is_checked_in_a_list_is_asked_for_at_once(browser: Client) -> None:
    checked = ["cms:muons_1.root", "cms:muons_2.root"]

    form = browser.post("/data/replicate", {"did": checked, "next": "/data/?scope=cms"})
    told = browser.post("/data/replicate", WISH | {"did": checked, "confirmed": "yes"})

    assert "2 items together of 300 B." in form.text
    assert 'href="/data/?scope=cms"' in form.text
    assert "2 requests are on their way." in told.text
    assert ReplicaRequest.objects.count() == 2


def test_nothing_checked_goes_back(browser: Client) -> None:
    answer = browser.post("/data/replicate", {"next": "/data/?scope=cms"}, follow=True)

    assert answer.redirect_chain[-1][0] == "/data/?scope=cms"
    assert "Pick something first" in answer.text


def test_the_activity_reaches_the_rule_and_an_unknown_one_is_refused(
    alice: User, data_backend: FakeDataBackend, dimuon: Did, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_REPLICA_ACTIVITIES", "User Subscriptions, Analysis Input")
    get_config.cache_clear()

    services.ask_for(alice, [dimuon], ["LAPP-DISK"], Terms(activity="Analysis Input"))
    work()

    (kept,) = data_backend.rules.values()
    assert kept.rule.activity == "Analysis Input"
    with pytest.raises(InvalidRequest) as refused:
        services.ask_for(alice, [dimuon], ["LAPP-DISK"], Terms(activity="T0 Export"))
    assert refused.value.field == "activity"


def test_beyond_the_quota_an_approver_can_be_asked(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)

    with pytest.raises(QuotaExceeded):
        services.ask_one(alice, dimuon, "LAPP-DISK", Terms())
    answer = services.ask_one(alice, dimuon, "LAPP-DISK", Terms(ask_approval=True))
    work()

    request = tick(answer.request)
    assert request.state == RequestState.WAITING_APPROVAL
    assert data_backend.rules[request.rule_id].rule.state is RuleState.WAITING_APPROVAL


def test_where_nobody_approves_nobody_can_be_asked(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.add_storage("LAPP-DISK", takes_approval=False)

    with pytest.raises(InvalidRequest) as refused:
        services.ask_one(alice, dimuon, "LAPP-DISK", Terms(ask_approval=True))

    assert refused.value.field == "ask_approval"


def test_the_form_offers_approval_and_quota_where_it_does_not_fit(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)
    data_backend.add_storage("LAPP-DISK", approvers=("ann", "ben"))

    text = browser.get("/data/estimate?did=cms:dimuon&storage=LAPP-DISK").text

    assert "Your quota at LAPP-DISK does not suffice" in text
    assert "Ask ann and ben to approve it" in text
    assert 'name="ask_approval"' in text


def test_a_large_recall_asks_twice(alice: User, on_tape: Did) -> None:
    with pytest.raises(InvalidRequest, match="300 B from tape") as refused:
        services.ask_one(alice, on_tape, "LAPP-DISK", Terms())

    assert refused.value.field == "confirm_large"
    assert not ReplicaRequest.objects.exists()


def test_a_larger_one_needs_an_approver_whatever_the_quota(
    alice: User, data_backend: FakeDataBackend, on_tape: Did
) -> None:
    answer = services.ask_one(alice, on_tape, "LAPP-DISK", Terms(confirm_large=True))
    work()

    assert answer.request.ask_approval
    assert tick(answer.request).state == RequestState.WAITING_APPROVAL


def test_many_small_recalls_count_together(
    alice: User, data_backend: FakeDataBackend, on_tape: Did
) -> None:
    parts = [data_backend.add_file(f"cms:t{n}", b"x" * 60, ["CNAF-TAPE"]) for n in (1, 2)]

    with pytest.raises(InvalidRequest, match="120 B from tape"):
        services.ask_for(alice, parts, ["LAPP-DISK"], Terms())


def test_what_a_disk_has_is_no_recall(
    alice: User, data_backend: FakeDataBackend, on_tape: Did
) -> None:
    data_backend.files[Did("cms", "archived.root")].storages.add("CERN-DISK")

    assert services.ask_one(alice, on_tape, "LAPP-DISK", Terms()).is_new


def test_the_estimate_tells_recall_second_yes_and_approver(
    browser: Client, data_backend: FakeDataBackend, on_tape: Did
) -> None:
    wish = {"did": str(on_tape), "storage": "LAPP-DISK"}

    told = browser.post(ESTIMATE, wish, content_type="application/json").json()
    page = browser.get("/data/estimate", {"did": str(on_tape), "storage": "LAPP-DISK"}).text

    assert (told["recall_bytes"], told["confirm_large"], told["needs_approval"]) == (
        300, True, True,
    )  # fmt: skip
    assert "It is read from tape first" in page
    assert "needs approval by a data manager" in page
    assert 'name="confirm_large"' in page


def test_the_api_says_how_a_large_recall_is_confirmed(browser: Client, on_tape: Did) -> None:
    wish = {"did": str(on_tape), "storage": "LAPP-DISK"}

    refused = browser.post(REQUESTS, wish, content_type="application/json")
    made = browser.post(REQUESTS, wish | {"confirm_large": True}, content_type="application/json")

    assert (refused.status_code, refused.json()["field"]) == (422, "confirm_large")
    assert (made.status_code, made.json()["ask_approval"]) == (201, True)


def test_another_persons_rule_is_told_before_asking(
    browser: Client, bob: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    theirs = services.request_replica(bob, dimuon, storage="LAPP-DISK")
    work()
    theirs.refresh_from_db()
    data_backend.arrive(theirs.rule_id)

    text = browser.get("/data/estimate?did=cms:dimuon&storage=LAPP-DISK").text

    assert f"kept by a rule of {bob.handle} without an end" in text


def test_ones_own_request_is_told_with_a_link_before_asking(
    browser: Client, done: ReplicaRequest
) -> None:
    text = browser.get("/data/estimate?did=cms:dimuon&storage=LAPP-DISK").text

    assert f'href="/data/requests/{done.pk}/"' in text
    assert "Complete at LAPP-DISK" in text


def test_what_is_on_its_way_is_taken_first_and_what_is_done_is_not(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.inject(asked.rule_id)
    tick(asked)

    services.change(asked, services.Changes(boost=True))
    work()

    assert (data_backend.calls["hurry_rule"], data_backend.calls["boost_rule"]) == (1, 0)
    data_backend.arrive(asked.rule_id)
    with pytest.raises(Conflict):
        services.change(tick(asked), services.Changes(boost=True))


def test_a_short_lifetime_of_a_rule_elsewhere_is_rounded_up(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    get_backend().add_rule(
        credential_for(alice, "rucio"), dimuon, storage="LAPP-DISK", lifetime_seconds=3600
    )

    request = services.ask_one(alice, dimuon, "LAPP-DISK", Terms()).request

    assert request.lifetime_days == 1
    assert request.expires_at is not None
    assert request.expires_at - datetime.now(UTC) < timedelta(hours=1)
