"""Wishes for quota: asked for once, granted with the manager's token, denied with a note."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt.approval_forms import offered_text, size_of, size_text
from data_mgmt.models import QuotaRequest
from data_mgmt.services import managers, quotas
from tests.fakes.catalogue import GIB
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.deciding import a_manager, browser_of
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import Conflict, InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db
PAGE = "/data/requests/quota/"
ASK = f"{PAGE}ask"
DESK = "/data/approvals/"
API = "/api/v1/data/quota-requests"
WISH = {"storage": "LAPP-DISK", "bytes": "5 GiB", "reason": "For the thesis"}


@pytest.fixture
def dana(data_backend: FakeDataBackend) -> User:
    """A data manager."""
    return a_manager(data_backend)


@pytest.fixture
def desk(dana: User) -> Client:
    """Dana's browser."""
    return browser_of(dana)


@pytest.fixture
def wish(alice: User) -> QuotaRequest:
    """Alice's wish for 5 GiB where she has 1."""
    return quotas.ask(alice, storage="LAPP-DISK", size=5 * GIB, reason="For the thesis")


def limit_of(fake: FakeDataBackend, user: User) -> int:
    return fake.limits[user.handle, "LAPP-DISK"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("500 B", 500),
        ("1 KiB", 1024),
        ("1.5 GiB", 1610612736),
        ("2tb", 2 * 2**40),
        ("1,5 g", 1610612736),
        (" 3 PiB ", 3 * 2**50),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, size: int) -> None:
    assert size_of(text, "bytes") == size
    assert size_of(size_text(size), "bytes") == size


@pytest.mark.parametrize(
    ("size", "text"),
    [(3_000_006_862_889, "2794 GiB"), (2 * 2**40, "2 TiB"), (5_000_000, "5000000 B")],
)
def test_a_form_offers_a_size_that_can_be_read(size: int, text: str) -> None:
    assert offered_text(size) == text


@pytest.mark.parametrize(
    "text", ["", "much", "-1 GiB", "1 XiB", "1 GiB 2", "٣ GiB", "1e3", "9" * 99]
)
def test_what_is_no_size_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        size_of(text, "bytes")

    assert refused.value.field == "bytes"


def test_the_page_shows_use_limit_and_remaining(
    browser: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    text = browser.get(PAGE).text

    assert "You hold nothing yet." in text
    assert "LAPP-DISK" in text
    assert "1 GiB" in text
    assert "no quota" in text
    assert f'href="{ASK}?storage=LAPP-DISK"' in text


def test_the_form_is_filled_by_its_address(browser: Client) -> None:
    text = browser.get(f"{ASK}?storage=LAPP-DISK&bytes={5 * GIB}").text

    assert 'value="5 GiB"' in text
    assert '<option value="LAPP-DISK" selected' in text


def test_asking_tells_data_managers_and_shows_the_wish(
    browser: Client, alice: User, dana: User
) -> None:
    answer = browser.post(ASK, WISH, follow=True)

    assert "Asked. You are told when a data manager has decided." in answer.text
    assert "asked for more" in answer.text
    assert "Waits for a data manager." in answer.text
    made = QuotaRequest.objects.get()
    assert (made.bytes, made.limit_before, made.account) == (5 * GIB, GIB, alice.handle)
    told = Event.objects.get(user=dana, verb="approval.quota")
    assert told.text == "Alice asks for 5 GiB of quota at LAPP-DISK"
    assert managers.waiting_count(dana.pk) == 1


def test_a_duplicate_is_told(browser: Client, wish: QuotaRequest) -> None:
    answer = browser.post(ASK, WISH)

    assert answer.status_code == 409
    assert "You have asked for quota at LAPP-DISK already" in answer.text
    assert QuotaRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bytes": "much"}, "bytes"),
        ({"bytes": "1 MiB"}, "bytes"),
        ({"bytes": "0"}, "bytes"),
        ({"bytes": "2 EiB"}, "bytes"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"storage": "NOWHERE"}, "storage"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    browser: Client, change: dict[str, str], field: str
) -> None:
    answer = browser.post(ASK, {**WISH, **change})

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    assert not QuotaRequest.objects.exists()


def test_a_wish_is_withdrawn_once(browser: Client, wish: QuotaRequest) -> None:
    browser.post(f"{PAGE}{wish.pk}/withdraw")
    text = browser.post(f"{PAGE}{wish.pk}/withdraw", follow=True).text

    wish.refresh_from_db()
    assert wish.state == "withdrawn"
    assert "You took it back." in text
    assert Event.objects.filter(verb="quota-request.withdrawn").count() == 1


def test_granting_sets_the_limit_with_the_managers_token_and_tells(
    desk: Client, dana: User, alice: User, wish: QuotaRequest, data_backend: FakeDataBackend
) -> None:
    page = desk.get(f"{DESK}?tab=quota").text
    one = desk.get(f"{DESK}quota/{wish.pk}/").text
    told = {"action": "grant", "bytes": "3 GiB", "note": "more next year"}
    desk.post(f"{DESK}quota/{wish.pk}/", told)
    work()

    wish.refresh_from_db()
    assert "For the thesis" in page
    assert 'value="5 GiB"' in one
    assert limit_of(data_backend, alice) == 3 * GIB
    assert (wish.state, wish.granted_bytes, wish.decided_by) == ("granted", 3 * GIB, dana)
    event = Event.objects.get(user=alice, verb="quota-request.granted")
    assert event.text == "Dana lets you use 3 GiB at LAPP-DISK: more next year"
    actions = AuditEvent.objects.filter(object_id=str(wish.pk)).values_list("action", "actor")
    assert set(actions) == {
        ("quota-request.asked", alice.pk), ("quota-request.granted", dana.pk),
    }  # fmt: skip


def test_several_are_granted_as_asked(
    desk: Client, bob: User, alice: User, wish: QuotaRequest, data_backend: FakeDataBackend
) -> None:
    other = quotas.ask(bob, storage="LAPP-DISK", size=2 * GIB, reason="Also")

    text = desk.post(f"{DESK}quota/decide", {"pk": [wish.pk, other.pk]}, follow=True).text
    work()

    assert "2 wishes are being granted." in text
    assert (limit_of(data_backend, alice), limit_of(data_backend, bob)) == (5 * GIB, 2 * GIB)


def test_denying_needs_a_note_and_tells_it(
    desk: Client, browser: Client, alice: User, wish: QuotaRequest, data_backend: FakeDataBackend
) -> None:
    address = f"{DESK}quota/{wish.pk}/"
    without = desk.post(address, {"action": "deny", "bytes": "5 GiB", "note": ""})
    desk.post(address, {"action": "deny", "bytes": "", "note": "no room, 100 % full"})

    assert without.status_code == 422
    assert "note: say why it is denied" in without.text
    assert limit_of(data_backend, alice) == GIB
    assert "Denied by Dana: no room, 100 % full" in browser.get(PAGE).text
    event = Event.objects.get(user=alice, verb="quota-request.denied")
    assert event.text.endswith("is denied by Dana: no room, 100 % full")
    assert "Denied by Dana" in desk.get(f"{DESK}?tab=quota").text


def test_somebody_quicker_is_told(
    desk: Client, data_backend: FakeDataBackend, wish: QuotaRequest
) -> None:
    dora = a_manager(data_backend, "dora")
    quotas.deny(dora, wish, note="no")

    text = desk.post(
        f"{DESK}quota/{wish.pk}/", {"action": "grant", "bytes": "5 GiB"}, follow=True
    ).text

    assert "Dora has denied it already." in text


def test_rucio_decides_who_sets_limits(
    desk: Client, dana: User, wish: QuotaRequest, data_backend: FakeDataBackend, alice: User
) -> None:
    data_backend.data_managers.discard(dana.handle)
    desk.post(f"{DESK}quota/{wish.pk}/", {"action": "grant", "bytes": "5 GiB"})
    work()

    wish.refresh_from_db()
    assert (wish.state, limit_of(data_backend, alice)) == ("waiting", GIB)
    assert "Rucio does not let your account do this." in desk.get(f"{DESK}?tab=quota").text
    assert Event.objects.filter(user=dana, level="error").exists()


def test_a_grant_waits_while_rucio_is_away(
    dana: User, wish: QuotaRequest, data_backend: FakeDataBackend, alice: User
) -> None:
    data_backend.fail_on("grant_quota", UpstreamUnavailable("Rucio does not answer."))
    quotas.grant(dana, wish)
    work()
    wish.refresh_from_db()
    state = wish.state
    data_backend.fail_on("grant_quota", None)
    work()

    assert state == "granting"
    assert limit_of(data_backend, alice) == 5 * GIB


def test_a_grant_of_a_manager_who_left_is_open_again(
    data_backend: FakeDataBackend, dana: User, wish: QuotaRequest
) -> None:
    quotas.grant(dana, wish)
    dana.delete()
    dora = a_manager(data_backend, "dora")

    quotas.grant(dora, wish)
    work()

    wish.refresh_from_db()
    assert (wish.state, wish.decided_by) == ("granted", dora)


def test_a_wish_is_its_askers_and_data_managers_only(
    bob: User, wish: QuotaRequest, browser: Client
) -> None:
    stranger = browser_of(bob)

    assert stranger.post(f"{PAGE}{wish.pk}/withdraw").status_code == 404
    assert stranger.get(f"{API}/{wish.pk}").status_code == 404
    assert stranger.get(API).json()["items"] == []
    assert "LAPP-DISK" not in [item["storage"] for item in stranger.get(API).json()["items"]]
    for client in (stranger, browser):
        assert client.get(f"{DESK}quota/{wish.pk}/").status_code == 404
        assert client.post(f"{DESK}quota/decide", {"pk": str(wish.pk)}).status_code == 404


def test_a_manager_does_not_withdraw_for_others(desk: Client, wish: QuotaRequest) -> None:
    assert desk.post(f"{PAGE}{wish.pk}/withdraw").status_code == 404


def test_what_is_decided_cannot_be_withdrawn(alice: User, dana: User, wish: QuotaRequest) -> None:
    quotas.deny(dana, wish, note="no")

    with pytest.raises(Conflict, match="Dana has denied it already"):
        quotas.withdraw(alice, wish)


def post(client: Client, address: str, body: object) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json")


def test_the_api_asks_and_decides(
    browser: Client, desk: Client, alice: User, data_backend: FakeDataBackend
) -> None:
    body = {"storage": "LAPP-DISK", "bytes": 5 * GIB, "reason": "For the thesis"}
    made = post(browser, API, body)
    again = post(browser, API, body)
    key = made.json()["id"]
    mine = post(browser, f"{API}/{key}/approve", {})
    granted = post(desk, f"{API}/{key}/approve", {"bytes": 2 * GIB})
    work()
    late = post(desk, f"{API}/{key}/deny", {"note": "no"})

    assert (made.status_code, again.status_code, mine.status_code) == (201, 409, 404)
    assert (granted.status_code, granted.json()["state"]) == (202, "granting")
    assert limit_of(data_backend, alice) == 2 * GIB
    assert late.status_code == 409
    assert [item["state"] for item in desk.get(f"{API}?state=granted").json()["items"]] == [
        "granted"
    ]
    assert desk.get(f"{API}?state=lost").json()["field"] == "state"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"bytes": 0}, "bytes"), ({"bytes": 2**70}, "bytes"), ({"reason": " "}, "reason")],
)
def test_the_api_names_the_field(browser: Client, change: dict[str, object], field: str) -> None:
    body = {"storage": "LAPP-DISK", "bytes": 5 * GIB, "reason": "x", **change}

    answer = post(browser, API, body)

    assert answer.status_code == 422
    assert field in answer.text


def test_the_api_withdraws(browser: Client, wish: QuotaRequest) -> None:
    assert browser.delete(f"{API}/{wish.pk}").json()["state"] == "withdrawn"
