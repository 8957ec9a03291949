"""A person's webhook as they keep it: made, tested, renewed, removed, by page and API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import exporting, merging, rotation
from accounts.models import AuditEvent, User
from accounts.sealing import Unreadable, unseal
from activity.models import Delivery, Webhook
from activity.services import deliveries, webhooks
from activity.services.kinds import KINDS
from tests.factories import make_identity
from tests.unit.accounts.test_export import exported, rows
from tests.unit.activity.conftest import Tell
from tests.unit.activity.receivers import Receiver
from vre_portal.config import Stage, get_config
from vre_portal.errors import InvalidRequest

pytestmark = pytest.mark.django_db
PAGE, API = "/inbox/preferences/", "/api/v1/notices/webhook"
HOOK = f"{PAGE}webhook/"
JSON = "application/json"
SECRET = re.compile(r"[\w-]{43}")


def form(url: str, *kinds: str) -> dict[str, str]:
    return {"hook-url": url, **{f"hook-{kind}": "on" for kind in kinds}}


def main_of(page: Any) -> str:
    return str(page.content.decode().partition("<main")[2])


def test_a_webhook_is_made_and_its_secret_is_shown_once(browser: Client, alice: User) -> None:
    made = browser.post(HOOK, form("https://example.org/n", "run-done", "approvals"))

    assert made.status_code == 201
    secret = made.context["secret"]
    assert SECRET.fullmatch(secret)
    assert secret in main_of(made)
    assert secret not in main_of(browser.get(PAGE))
    row = Webhook.objects.get(user=alice)
    assert (row.url, row.kinds) == ("https://example.org/n", ["run-done", "approvals"])


def test_the_usual_kinds_are_ticked_until_one_chooses(browser: Client, alice: User) -> None:
    ticked = r'name="hook-([a-z-]+)"[^>]* checked'
    usual = {kind.key for kind in KINDS if kind.usual}

    assert set(re.findall(ticked, main_of(browser.get(PAGE)))) == usual
    webhooks.save(alice, url="https://example.org/", kinds=["run-done"])
    assert re.findall(ticked, main_of(browser.get(PAGE))) == ["run-done"]


def test_the_secret_lies_sealed_in_its_own_row(alice: User) -> None:
    saved = webhooks.save(alice, url="https://example.org/", kinds=[])

    stored = bytes(Webhook.objects.get().secret)
    assert saved.secret.encode() not in stored
    assert unseal(stored, bound_to=f"webhook:{saved.row.pk}") == saved.secret
    with pytest.raises(Unreadable):
        unseal(stored, bound_to="webhook:of somebody else")
    assert saved.secret not in repr(saved)


def test_a_new_vault_key_reaches_it(alice: User) -> None:
    webhooks.save(alice, url="https://example.org/", kinds=[])

    assert Webhook in rotation.sealed()
    assert rotation.rotate().already == 1


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://example.org/", "https://", "example.org", "https://u:p@x.org/",
     "javascript:alert(1)", "https://x.org/" + "a" * 500, "https://x.org/" + "ü" * 200],
)  # fmt: skip
def test_what_is_no_address_is_told_at_its_field(browser: Client, url: str) -> None:
    page = browser.post(HOOK, form(url))

    assert page.status_code == 422
    assert page.context["webhook_form"].errors["url"]
    assert Webhook.objects.count() == 0


def test_http_leads_to_this_machine_and_never_in_production(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhooks.save(alice, url="http://localhost:8000/", kinds=[])
    strict = get_config().model_copy(update={"environment": Stage.PRODUCTION})
    monkeypatch.setattr(webhooks, "get_config", lambda: strict)

    with pytest.raises(InvalidRequest, match="https"):
        webhooks.save(alice, url="http://localhost:8000/", kinds=[])
    assert webhooks.send_test(alice).problem == "is not an https address"


def test_a_test_is_sent_and_its_outcome_told(
    browser: Client, alice: User, receiver: Receiver
) -> None:
    secret = webhooks.save(alice, url=receiver.url, kinds=[]).secret

    page = browser.post(f"{HOOK}test/", follow=True)

    assert "The test was taken: your address answered 204." in main_of(page)
    assert receiver.is_signed(secret)
    told = receiver.told[0]
    assert (told["kind"], told["verb"], told["level"]) == ("test", "webhook.test", "info")
    assert alice.handle not in receiver.got[0][1].decode()


def test_a_test_that_fails_says_why(browser: Client, alice: User, receiver: Receiver) -> None:
    webhooks.save(alice, url=receiver.url, kinds=[])
    receiver.answers = 500

    page = browser.post(f"{HOOK}test/", follow=True)

    assert "The test was not taken: your address answered 500." in main_of(page)


def test_a_private_address_is_not_reached_by_a_test(browser: Client, alice: User) -> None:
    webhooks.save(alice, url="https://169.254.169.254/latest/", kinds=[])

    page = browser.post(f"{HOOK}test/", follow=True)

    assert "your address is not a public address" in main_of(page)


def test_tests_are_not_sent_without_end(browser: Client, alice: User, receiver: Receiver) -> None:
    webhooks.save(alice, url=receiver.url, kinds=[])

    answers = [browser.post(f"{API}/test").status_code for _time in range(14)]

    assert 429 in answers
    assert len(receiver.got) <= 2 * webhooks.TESTS.count


def test_a_new_secret_changes_the_signature(
    browser: Client, alice: User, receiver: Receiver
) -> None:
    old = webhooks.save(alice, url=receiver.url, kinds=[]).secret

    new = browser.post(f"{HOOK}secret/").context["secret"]
    browser.post(f"{HOOK}test/")

    assert new != old
    assert receiver.is_signed(new)
    assert not receiver.is_signed(old)


def test_other_kinds_at_the_same_address_hide_no_failure(browser: Client, alice: User) -> None:
    url = "https://example.org/"
    webhooks.save(alice, url=url, kinds=[])
    Webhook.objects.update(problem="answered 500", failing_since=timezone.now())

    browser.post(HOOK, form(url, "run-done"))
    assert Webhook.objects.get().state == "failing"
    browser.post(HOOK, form("https://example.org/another"))

    assert Webhook.objects.get().state == "on"


def test_another_address_keeps_the_secret(browser: Client, alice: User, receiver: Receiver) -> None:
    secret = webhooks.save(alice, url="https://example.org/", kinds=[]).secret

    assert browser.post(HOOK, form(receiver.url, "run-done")).status_code == 302
    browser.post(f"{HOOK}test/")

    assert receiver.is_signed(secret)


def test_it_is_removed_with_what_waits(
    browser: Client, alice: User, receiver: Receiver, tell: Tell
) -> None:
    webhooks.save(alice, url=receiver.url, kinds=["session-ending"])
    tell()
    assert Delivery.objects.count() == 1
    assert "data-confirm" in main_of(browser.get(PAGE))

    browser.post(f"{HOOK}remove/")
    deliveries.send_due()

    assert (Webhook.objects.count(), Delivery.objects.count(), receiver.got) == (0, 0, [])


@pytest.mark.parametrize("action", ["test", "secret", "on", "remove"])
def test_without_a_webhook_there_is_nothing_to_do(browser: Client, action: str) -> None:
    assert browser.post(f"{HOOK}{action}/").status_code == 404


def test_each_person_has_their_own(browser: Client, alice: User, bob: User) -> None:
    webhooks.save(bob, url="https://bob.example/", kinds=[])

    assert browser.get(API).json()["url"] is None
    assert "bob.example" not in main_of(browser.get(PAGE))
    assert browser.delete(API).status_code == 404
    assert Webhook.objects.get().user == bob


def test_the_api_makes_shows_and_removes_it(browser: Client, alice: User) -> None:
    assert browser.get(API).json()["state"] == "none"
    wish = {"url": "https://example.org/n", "wanted": ["run-done"]}

    made = browser.put(API, wish, content_type=JSON)
    again = browser.put(API, {**wish, "wanted": []}, content_type=JSON)

    assert made.status_code == 201
    assert SECRET.fullmatch(made.json()["secret"])
    assert (again.status_code, "secret" in again.json()) == (200, False)
    told = browser.get(API).json()
    assert (told["url"], told["wanted"], told["state"]) == (wish["url"], [], "on")
    assert len(told["kinds"]) == len(KINDS)
    assert browser.delete(API).status_code == 204
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"url": "http://example.org/", "wanted": []}, "url"),
     ({"url": "https://example.org/", "wanted": ["weather"]}, "wanted")],
)  # fmt: skip
def test_the_api_names_the_field_that_is_wrong(
    browser: Client, wish: dict[str, Any], field: str
) -> None:
    answer = browser.put(API, wish, content_type=JSON)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_the_api_tests_and_renews(browser: Client, alice: User, receiver: Receiver) -> None:
    webhooks.save(alice, url=receiver.url, kinds=[])

    renewed = browser.post(f"{API}/secret")
    tried = browser.post(f"{API}/test")

    assert renewed.status_code == 201
    assert receiver.is_signed(renewed.json()["secret"])
    assert tried.json() == {"status": 204, "problem": ""}


def test_the_site_needs_no_mail_server_for_it(browser: Client, alice: User, no_mail: None) -> None:
    made = browser.post(HOOK, form("https://example.org/", "approvals"))

    assert made.status_code == 201


def test_what_was_done_stands_in_the_audit_log_without_a_secret(
    browser: Client, alice: User
) -> None:
    secret = browser.post(HOOK, form("https://example.org/hidden-path")).context["secret"]
    browser.post(f"{HOOK}secret/")
    browser.post(f"{HOOK}remove/")

    events = AuditEvent.objects.filter(object_kind="webhook")
    assert {event.action for event in events} == {
        "webhook.saved", "webhook.secret-renewed", "webhook.removed",
    }  # fmt: skip
    told = str([(event.detail, event.object_id) for event in events])
    assert secret not in told
    assert "hidden-path" not in told


def test_it_is_in_ones_data_without_its_secret(alice: User, tell: Tell) -> None:
    saved = webhooks.save(alice, url="https://example.org/", kinds=["session-ending"])
    tell()

    files = exported(alice)

    assert rows(files, "activity.webhook.json")[0]["url"] == "https://example.org/"
    assert len(rows(files, "activity.delivery.json")) == 1
    everything = b"".join(files.values())
    for hidden in (saved.secret.encode(), bytes(saved.row.secret)):
        assert hidden not in everything
    assert Webhook in exporting.ways()


def test_of_two_accounts_that_become_one_the_survivors_holds(alice: User, bob: User) -> None:
    make_identity(bob, issuer="https://escape.test/", subject="bob")
    webhooks.save(alice, url="https://alice.example/", kinds=[])
    webhooks.save(bob, url="https://bob.example/", kinds=[])

    merging.merge(survivor=alice, absorbed=bob)

    assert Webhook.objects.get().url == "https://alice.example/"


def test_of_two_accounts_that_become_one_the_only_one_moves_and_still_signs(
    alice: User, bob: User, receiver: Receiver
) -> None:
    make_identity(bob, issuer="https://escape.test/", subject="bob")
    secret = webhooks.save(bob, url=receiver.url, kinds=[]).secret

    merging.merge(survivor=alice, absorbed=bob)
    webhooks.send_test(alice)

    assert receiver.is_signed(secret)


def test_it_goes_with_its_person(alice: User, tell: Tell) -> None:
    webhooks.save(alice, url="https://example.org/", kinds=["session-ending"])
    tell()

    alice.delete()

    assert (Webhook.objects.count(), Delivery.objects.count()) == (0, 0)
