"""Leaving: asked for, kept after all, or done when the grace time is over, and never half done."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import api_tokens, deletion, gate, services, suspension, tasks
from accounts.models import AuditEvent, Identity, TokenGrant, User, WebSession
from tests.factories import make_identity, make_user, sign_in
from tests.fakes.provider import FakeProvider
from tests.unit.accounts.conftest import Committed
from tests.unit.accounts.test_sign_in import sign_in as sign_in_at_provider
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict
from vre_portal.models import Operation
from vre_portal.operations import Done

pytestmark = pytest.mark.django_db


def due(user: User, *, ago: timedelta = timedelta(minutes=1)) -> User:
    """Return the user, whose grace time ended so long ago."""
    user.delete_after = timezone.now() - ago
    user.save()
    return user


def here(user: User) -> bool:
    return User.objects.filter(pk=user.pk).exists()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[User], None]]:
    """What is called to end things elsewhere; a test adds its own."""
    hooks: list[Callable[[User], None]] = []
    monkeypatch.setattr(suspension, "_on_suspended", hooks)
    return hooks


@pytest.fixture
def take_down(
    monkeypatch: pytest.MonkeyPatch, elsewhere: list[Callable[[User], None]]
) -> Callable[[User], Operation]:
    """Let something of everybody be running elsewhere; return how to find its end."""
    monkeypatch.setitem(operations._steps, "end", (lambda _one: Done(), lambda *_: None))
    monkeypatch.setattr(operations, "_endings", {"end"})

    def begin(user: User) -> None:
        operations.begin("end", subject=uuid.uuid4(), user_id=user.pk, key=f"end:{user.pk}")

    elsewhere.append(begin)
    return lambda user: Operation.objects.get(user=user, kind="end")


def test_asking_needs_the_handle_as_it_is(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)

    answer = browser.post("/accounts/data/delete/", {"handle": "alice"})

    assert answer.status_code == 422
    assert f"Type {alice.handle} to confirm" in answer.content.decode()
    alice.refresh_from_db()
    assert alice.delete_after is None


def test_asking_ends_every_way_in_and_tells_the_day(alice: User) -> None:
    browser, other = Client(), Client()
    sign_in(browser, alice)
    sign_in(other, alice)
    secret = api_tokens.make(alice, name="laptop", scopes=["read"], days=7).secret

    answer = browser.post("/accounts/data/delete/", {"handle": alice.handle})

    assert answer["Location"] == "/accounts/signed-out/"
    assert not WebSession.objects.exists()
    assert other.get("/accounts/data/").status_code == 302
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me", headers=bearer).status_code == 401
    alice.refresh_from_db()
    grace = timedelta(days=get_config().deletion_grace_days)
    assert alice.delete_after is not None
    assert abs(alice.delete_after - timezone.now() - grace) < timedelta(minutes=1)


def test_somebody_leaving_may_do_nothing_but_stay(alice: User) -> None:
    deletion.ask(alice, handle=alice.handle)
    browser = Client()
    sign_in(browser, alice)

    assert isinstance(gate.refusal(alice), gate.Leaving)
    assert browser.get("/api/v1/me").status_code == 403
    browser.post("/accounts/data/keep/")

    alice.refresh_from_db()
    assert alice.delete_after is None
    assert browser.get("/api/v1/me").status_code == 200
    assert AuditEvent.objects.filter(action="account.kept", actor=alice.pk).exists()


def test_nobody_is_deleted_before_the_day(alice: User, bob: User) -> None:
    deletion.ask(alice, handle=alice.handle)

    tasks.tidy()

    assert here(alice)
    assert here(bob)


def test_on_the_day_everything_goes_and_the_token_is_given_back(
    alice: User, bob: User, provider: FakeProvider, committed: Committed
) -> None:
    make_identity(alice, issuer=provider.issuer)
    due(alice)

    with committed():
        tasks.tidy()

    assert not here(alice)
    assert here(bob)
    assert not Identity.objects.exists()
    assert not TokenGrant.objects.exists()
    revoked = [form["token"] for path, form in provider.requests if path == "/revoke"]
    assert revoked == ["refresh-0"]
    event = AuditEvent.objects.get(action="account.deleted")
    assert (event.object_id, event.subject) == (alice.handle, "subject-1")
    assert event.detail["rucio"] == alice.handle


def test_whoever_comes_back_is_somebody_new(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    make_identity(alice, issuer=provider.issuer)
    due(alice)
    deletion.delete_due()

    sign_in_at_provider(client, provider)

    assert Identity.objects.get(subject="subject-1").user_id != alice.pk


def test_a_suspension_is_not_escaped_by_leaving(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    make_identity(alice, issuer=provider.issuer)
    deletion.ask(alice, handle=alice.handle)
    suspension.suspend(alice, reason="misuse")
    due(alice)

    assert deletion.delete_due() == 0
    sign_in_at_provider(client, provider)

    assert "_auth_user_id" not in client.session
    assert User.objects.get(identities__subject="subject-1").is_active is False

    suspension.reinstate(alice)
    assert deletion.delete_due() == 1


def test_an_account_that_is_kept_in_the_last_moment_stays(
    alice: User, bob: User, elsewhere: list[Callable[[User], None]]
) -> None:
    due(alice)
    due(bob)

    # While the first is deleted, the owner of the second keeps it.
    elsewhere.append(lambda user: deletion.keep(bob if user.pk == alice.pk else alice))

    assert deletion.delete_due() == 1
    assert User.objects.get().delete_after is None


def test_keeping_what_is_gone_says_so(alice: User) -> None:
    late = User.objects.get(pk=due(alice).pk)
    deletion.delete_due()

    with pytest.raises(Conflict, match="deleted already"):
        deletion.keep(late)


def test_a_fault_with_one_account_does_not_stop_the_others(
    alice: User, bob: User, elsewhere: list[Callable[[User], None]]
) -> None:
    carol = make_user("carol")
    for user in (alice, bob, carol):
        due(user)

    def fail(user: User) -> None:
        if user.pk == bob.pk:
            raise RuntimeError("the hub is odd today")

    elsewhere.append(fail)

    assert deletion.delete_due() == 2
    assert [user.pk for user in User.objects.all()] == [bob.pk]

    elsewhere.clear()
    assert deletion.delete_due() == 1


def test_what_runs_elsewhere_ends_before_the_rows_go(
    alice: User, take_down: Callable[[User], Operation]
) -> None:
    due(alice)

    assert deletion.delete_due() == 0
    operations.advance(take_down(alice).pk)

    assert deletion.delete_due() == 1


def test_what_cannot_be_ended_keeps_nobody_for_longer_than_a_day(
    alice: User, take_down: Callable[[User], Operation]
) -> None:
    due(alice, ago=deletion.PATIENCE + timedelta(minutes=1))

    assert deletion.delete_due() == 1
    assert not here(alice)


def test_accounts_that_became_this_one_go_with_it(alice: User, bob: User) -> None:
    carol = make_user("carol")
    User.objects.filter(pk=alice.pk).update(merged_into=bob, is_active=False)
    User.objects.filter(pk=bob.pk).update(merged_into=carol, is_active=False)
    due(User.objects.get(pk=alice.pk))

    assert deletion.delete_due() == 0
    due(carol)
    assert deletion.delete_due() == 1

    assert not User.objects.exists()


def test_operators_delete_without_waiting(alice: User) -> None:
    out = StringIO()

    call_command("delete_account", alice.handle, "--now", stdout=out)

    assert "deleted" in out.getvalue()
    assert not here(alice)


def test_the_command_waits_for_what_runs_elsewhere(
    alice: User, take_down: Callable[[User], Operation]
) -> None:
    with pytest.raises(CommandError, match="Ask again in a minute"):
        call_command("delete_account", alice.handle, "--now")
    assert here(alice)
    operations.advance(take_down(alice).pk)

    call_command("delete_account", alice.handle, "--now", stdout=StringIO())

    assert not here(alice)


def test_the_command_says_that_a_suspension_goes_too(alice: User) -> None:
    suspension.suspend(alice, reason="misuse")
    said = StringIO()

    call_command("delete_account", alice.handle, "--now", stdout=StringIO(), stderr=said)

    assert "is somebody new" in said.getvalue()


@pytest.mark.parametrize("arguments", [("nobody-x", "--now"), ("alice",)])
def test_the_command_takes_no_guess(alice: User, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("delete_account", *arguments)

    assert here(alice)
    assert services.has_accepted_terms(alice)
