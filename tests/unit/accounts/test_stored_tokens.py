"""Tokens that people paste once: tried before they are kept, sealed, replaced, removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from zipfile import ZipFile

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone

from accounts import exporting, merging, provisioning, rotation, stored_tokens
from accounts.credentials import credential_for
from accounts.gate import Suspended
from accounts.models import AccountState, AuditEvent, StoredToken, User
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import (
    CredentialExpired,
    InvalidRequest,
    NotFound,
    PortalError,
    TokenWanted,
    UpstreamUnavailable,
)
from vre_portal.models import Operation, OperationState

pytestmark = pytest.mark.django_db
GOOD, BETTER = "opaque-token-1", "opaque-token-2"
KEEP, REMOVE = "/accounts/services/reana/token/", "/accounts/services/reana/token/remove/"
PAGE = "/accounts/services/"


class Service:
    """A workflow service that knows some tokens and whom they belong to."""

    def __init__(self) -> None:
        self.known = {GOOD: "ada", BETTER: "ada"}
        self.asked: list[str] = []
        self.error: PortalError | None = None

    def owner_of(self, _: User, token: str) -> str:
        self.asked.append(token)
        if self.error is not None:
            raise self.error
        if token not in self.known:
            raise CredentialExpired("no", provider="")
        return self.known[token]

    def provision(self, user: User) -> str:
        return self.owner_of(user, credential_for(user, "reana").token)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A site where people paste their REANA token."""
    made = Service()
    monkeypatch.setattr(stored_tokens, "_checks", {"reana": made.owner_of})
    monkeypatch.setattr(provisioning, "_provisions", {"reana": made.provision})
    monkeypatch.setenv("VRE_REANA_TOKENS", "stored")
    get_config.cache_clear()
    yield made
    monkeypatch.undo()
    get_config.cache_clear()


def kept_by(user: User) -> list[str]:
    """Return the tokens that are kept for somebody, in clear."""
    return [stored_tokens.secret_for(user, row.service) for row in user.stored_tokens.all()]


def test_a_good_token_is_kept_and_used(browser: Client, alice: User, service: Service) -> None:
    answer = browser.post(KEEP, {"token": f"  {GOOD}\n"})

    credential = credential_for(alice, "reana")
    assert answer.status_code == 302
    assert (credential.token, credential.audience) == (GOOD, "reana")
    assert timezone.now() < credential.expires_at <= timezone.now() + timedelta(hours=1)


def test_it_lies_sealed_and_is_never_shown(browser: Client, alice: User, service: Service) -> None:
    browser.post(KEEP, {"token": GOOD})

    page = browser.get(PAGE).text

    assert GOOD.encode() not in bytes(alice.stored_tokens.get().token)
    assert GOOD not in page
    assert "A token of ada is kept" in page


def test_a_wrong_token_says_so_at_its_field_and_is_not_kept(
    browser: Client, alice: User, service: Service
) -> None:
    answer = browser.post(KEEP, {"token": "wrong-token"})

    assert answer.status_code == 422
    assert "REANA does not accept this token" in answer.text
    assert "wrong-token" not in answer.text
    assert kept_by(alice) == []


def test_a_wrong_one_leaves_what_was_kept(alice: User, service: Service) -> None:
    stored_tokens.keep(alice, "reana", GOOD)

    with pytest.raises(InvalidRequest):
        stored_tokens.keep(alice, "reana", "wrong-token")

    assert kept_by(alice) == [GOOD]


def test_a_service_that_is_down_keeps_nothing(
    browser: Client, alice: User, service: Service
) -> None:
    service.error = UpstreamUnavailable("REANA does not answer. Try again.", service="reana")

    answer = browser.post(KEEP, {"token": GOOD})

    assert answer.status_code == 503
    assert "REANA does not answer" in answer.text
    assert kept_by(alice) == []


@pytest.mark.parametrize("pasted", ["", "  ", "two words", "line\nbreak", "Ünicode", "x" * 5000])
def test_what_is_no_token_is_not_even_tried(browser: Client, service: Service, pasted: str) -> None:
    answer = browser.post(KEEP, {"token": pasted})

    assert answer.status_code == 422
    assert service.asked == []


def test_another_token_takes_its_place(browser: Client, alice: User, service: Service) -> None:
    browser.post(KEEP, {"token": GOOD})

    browser.post(KEEP, {"token": BETTER})

    assert kept_by(alice) == [BETTER]


def test_a_removed_token_opens_nothing(browser: Client, alice: User, service: Service) -> None:
    browser.post(KEEP, {"token": GOOD})

    answer = browser.post(REMOVE, follow=True)

    assert "is forgotten here" in answer.text
    assert kept_by(alice) == []
    with pytest.raises(TokenWanted):
        credential_for(alice, "reana")


def test_nothing_is_removed_twice(browser: Client, service: Service) -> None:
    assert browser.post(REMOVE).status_code == 404


def test_without_a_token_work_waits_and_says_what_to_do(alice: User, service: Service) -> None:
    with pytest.raises(CredentialExpired, match="Paste it") as told:
        credential_for(alice, "reana")

    assert told.value.waits


def test_work_goes_on_once_a_token_is_pasted(
    alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def step(_: Operation) -> operations.Outcome:
        seen.append(credential_for(alice, "reana").token)
        return operations.Done()

    monkeypatch.setitem(operations._steps, "test.waits", (step, lambda *_: None))
    waiting = operations.begin("test.waits", subject=alice.pk, user_id=alice.pk)
    operations.advance(waiting.pk)
    stored_tokens.keep(alice, "reana", GOOD)
    Operation.objects.filter(pk=waiting.pk).update(due_at=timezone.now())

    operations.advance(waiting.pk)

    waiting.refresh_from_db()
    assert (seen, waiting.state) == ([GOOD], OperationState.DONE)


def test_the_account_asks_for_the_token_and_is_made_with_it(alice: User, service: Service) -> None:
    row = alice.backend_accounts.get(service="reana")
    provisioning.begin(row)
    operations.advance(Operation.objects.get(subject=row.pk).pk)
    row.refresh_from_db()
    assert (row.state, "Paste it" in row.problem) == (AccountState.FAILED, True)

    stored_tokens.keep(alice, "reana", GOOD)
    operations.advance(Operation.objects.get(subject=row.pk, state="waiting").pk)

    row.refresh_from_db()
    assert (row.state, row.account) == (AccountState.READY, "ada")


def test_somebody_suspended_lends_no_token(alice: User, service: Service) -> None:
    stored_tokens.keep(alice, "reana", GOOD)
    alice.is_active = False
    alice.save()

    with pytest.raises(Suspended):
        credential_for(alice, "reana")


def test_anothers_token_is_not_ones_own(alice: User, bob: User, service: Service) -> None:
    stored_tokens.keep(alice, "reana", GOOD)

    with pytest.raises(TokenWanted):
        credential_for(bob, "reana")


def test_a_token_moved_to_another_row_opens_nothing(
    alice: User, bob: User, service: Service
) -> None:
    moved = stored_tokens.keep(alice, "reana", GOOD)
    service.known[BETTER] = "bob"
    stored_tokens.keep(bob, "reana", BETTER)

    bob.stored_tokens.update(token=moved.token)

    with pytest.raises(TokenWanted):
        credential_for(bob, "reana")


@pytest.mark.parametrize("survivor_has_one", [True, False])
def test_when_two_people_are_one_a_token_stays(
    alice: User, bob: User, service: Service, survivor_has_one: bool
) -> None:
    stored_tokens.keep(bob, "reana", BETTER)
    if survivor_has_one:
        stored_tokens.keep(alice, "reana", GOOD)
    Operation.objects.all().delete()

    merging.merge(survivor=alice, absorbed=bob)

    assert kept_by(alice) == [GOOD if survivor_has_one else BETTER]
    assert StoredToken.objects.count() == 1


def test_it_is_sealed_anew_when_the_keys_change(
    alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stored_tokens.keep(alice, "reana", GOOD)
    old, new = os.environ["VRE_VAULT_KEYS"], Fernet.generate_key().decode()
    monkeypatch.setenv("VRE_VAULT_KEYS", f"{new},{old}")
    get_config.cache_clear()

    rotation.rotate()
    monkeypatch.setenv("VRE_VAULT_KEYS", new)
    get_config.cache_clear()

    assert kept_by(alice) == [GOOD]
    assert bytes(alice.stored_tokens.get().token) != row.token


def test_a_token_whose_key_is_gone_is_asked_for_anew(
    alice: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_tokens.keep(alice, "reana", GOOD)

    monkeypatch.setenv("VRE_VAULT_KEYS", Fernet.generate_key().decode())
    get_config.cache_clear()

    with pytest.raises(TokenWanted):
        credential_for(alice, "reana")


def test_the_download_of_ones_data_tells_of_it_without_it(alice: User, service: Service) -> None:
    stored_tokens.keep(alice, "reana", GOOD)

    with exporting.export(alice) as packed, ZipFile(packed) as archive:
        told = json.loads(archive.read("accounts.storedtoken.json"))

    assert [row["service"] for row in told] == ["reana"]
    assert "token" not in told[0]


def test_keeping_and_removing_is_written_down_without_the_token(
    alice: User, service: Service
) -> None:
    stored_tokens.keep(alice, "reana", GOOD)
    stored_tokens.remove(alice, "reana")

    events = AuditEvent.objects.filter(action__startswith="stored-token.").order_by("at")
    assert [event.action for event in events] == ["stored-token.kept", "stored-token.removed"]
    assert all(GOOD not in str(event.detail) for event in events)


def test_where_tokens_are_exchanged_there_is_nothing_to_paste(browser: Client) -> None:
    page = browser.get(PAGE).text

    assert "Your token for REANA" not in page
    assert browser.post(KEEP, {"token": GOOD}).status_code == 404


def test_no_service_of_another_name_takes_one(alice: User, service: Service) -> None:
    with pytest.raises(NotFound):
        stored_tokens.keep(alice, "rucio", GOOD)


def test_the_live_list_has_no_forms(browser: Client, service: Service) -> None:
    assert 'name="token"' not in browser.get(f"{PAGE}?fragment=list").text


def test_strangers_keep_nothing(client: Client, service: Service) -> None:
    answer = client.post(KEEP, {"token": GOOD})

    assert answer.status_code in {302, 401}
    assert service.asked == []
