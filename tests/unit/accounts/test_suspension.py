"""Suspension reaches pages, the API, tokens, sockets, the vault and work; and it can be undone."""

from __future__ import annotations

import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import api_tokens, credentials, gate, suspension, web_sessions
from accounts.models import AuditEvent, User
from accounts.roles import MFA
from tests.factories import make_identity, make_user, sign_in
from tests.fakes.provider import FakeProvider
from tests.sockets import LiveSocket
from vre_portal import operations
from vre_portal.errors import CredentialExpired, PortalError
from vre_portal.live import LiveConsumer
from vre_portal.models import Operation, OperationState
from vre_portal.operations import Done

pytestmark = pytest.mark.django_db


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_every_door_is_shut_at_once(alice: User, client: Client, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    secret = api_tokens.make(alice, name="laptop", scopes=["read"], days=7).secret
    sign_in(client, alice)
    assert client.get("/api/v1/me").status_code == 200
    assert Client().get("/api/v1/me", headers=bearer(secret)).status_code == 200

    suspension.suspend(alice, reason="a stolen laptop")

    assert client.get("/")["Location"].startswith("/accounts/login/")
    assert client.get("/api/v1/me").status_code == 401
    assert Client().get("/api/v1/me", headers=bearer(secret)).status_code == 401
    with pytest.raises(gate.Suspended):
        credentials.credential_for(alice, "rucio")
    with pytest.raises(PortalError):
        web_sessions.admit(alice.pk, "")


def test_reinstating_opens_them_again(alice: User, provider: FakeProvider) -> None:
    make_identity(alice, issuer=provider.issuer)
    secret = api_tokens.make(alice, name="laptop", scopes=["read"], days=7).secret
    suspension.suspend(alice, reason="a stolen laptop")

    suspension.reinstate(alice)

    assert Client().get("/api/v1/me", headers=bearer(secret)).status_code == 200
    told = AuditEvent.objects.filter(object_id=alice.handle).values_list("action", flat=True)
    assert {"account.suspended", "account.reinstated"} <= set(told)


def test_work_waits_and_goes_on(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def step(_job: Operation) -> Done:
        steps.append("done")
        return Done()

    monkeypatch.setitem(operations._steps, "job", (step, lambda *_: None))
    job = Operation.objects.create(kind="job", subject=uuid.uuid4(), user=alice, key="job")
    suspension.suspend(alice, reason="r")

    operations.advance(job.pk)
    assert steps == []

    suspension.reinstate(alice)
    operations.advance(job.pk)
    assert steps == ["done"]


def test_a_long_step_loses_its_lease(alice: User) -> None:
    job = Operation.objects.create(
        kind="job", subject=uuid.uuid4(), user=alice, key="job", lease=uuid.uuid4(),
        lease_until=timezone.now(),
    )  # fmt: skip
    operations.hold(job)
    suspension.suspend(alice, reason="r")

    with pytest.raises(operations.LeaseLost):
        operations.hold(job)


def test_taking_away_goes_on_for_the_suspended(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(operations._steps, "end", (lambda _one: Done(), lambda *_: None))
    monkeypatch.setattr(operations, "_endings", {"end"})
    job = Operation.objects.create(kind="end", subject=uuid.uuid4(), user=alice, key="end")
    suspension.suspend(alice, reason="r")

    operations.advance(job.pk)

    job.refresh_from_db()
    assert job.state == OperationState.DONE


@pytest.mark.django_db(transaction=True)
async def test_an_open_socket_closes_even_when_the_message_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from asgiref.sync import sync_to_async

    monkeypatch.setattr(LiveConsumer, "recheck_seconds", 0.05)
    alice = await sync_to_async(make_user)("alice")
    socket = LiveSocket(alice)
    assert (await socket.open())["type"] == "websocket.accept"
    await sync_to_async(User.objects.filter(pk=alice.pk).update)(is_active=False)

    closed = await socket.receive()

    assert closed == {"type": "websocket.close", "code": 4403}


def test_nobody_suspends_themself_or_without_a_reason(alice: User, bob: User) -> None:
    with pytest.raises(PortalError, match="yourself"):
        suspension.suspend(alice, reason="r", by=alice)
    with pytest.raises(PortalError, match="Say why"):
        suspension.suspend(bob, reason=" ", by=alice)
    bob.refresh_from_db()
    assert bob.is_active


def test_a_provider_that_says_inactive_ends_what_it_opened(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    make_identity(alice, issuer=provider.issuer)
    secret = api_tokens.make(alice, name="laptop", scopes=["read"], days=7).secret
    sign_in(client, alice)

    suspension.provider_says_inactive(provider.issuer, "subject-1")

    assert client.get("/")["Location"].startswith("/accounts/login/")
    assert Client().get("/api/v1/me", headers=bearer(secret)).status_code == 401
    alice.refresh_from_db()
    assert alice.roles == []


def test_a_refused_refresh_ends_what_it_opened(
    alice: User, client: Client, provider: FakeProvider
) -> None:
    make_identity(alice, issuer=provider.issuer, access_left=60, refresh_token="used-up")
    sign_in(client, alice)

    with pytest.raises(CredentialExpired):
        credentials.credential_for(alice, "rucio")

    assert alice.identities.get().lapsed_at is not None
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_the_operators_page_suspends_with_a_reason(alice: User, bob: User) -> None:
    alice.roles = ["member", "operator"]
    alice.save()
    operator: Any = Client()
    sign_in(operator, alice, acr=MFA)
    page = f"/accounts/people/{bob.pk}/"

    refused = operator.post(f"{page}suspend/", {"reason": ""})
    operator.post(f"{page}suspend/", {"reason": "left the collaboration"})

    assert "Say why" in refused.content.decode()
    bob.refresh_from_db()
    assert not bob.is_active
    assert "left the collaboration" in operator.get(page).content.decode()
    operator.post(f"{page}reinstate/")
    bob.refresh_from_db()
    assert bob.is_active


def test_others_do_not_see_the_page_of_people(browser: Client) -> None:
    assert browser.get("/accounts/people/").status_code == 404


@pytest.mark.parametrize("query", ["Bob", "bob-t"])
def test_people_are_found(alice: User, bob: User, query: str) -> None:
    User.objects.filter(pk=alice.pk).update(roles=["member", "operator"])
    operator = Client()
    sign_in(operator, alice, acr=MFA)

    text = operator.get("/accounts/people/", {"q": query}).content.decode()

    assert bob.handle in text
    assert f">{alice.display_name}<" not in text.partition("<main")[2]


def test_the_command_does_the_same(bob: User) -> None:
    call_command("suspend", bob.handle, "--reason", "r", stdout=StringIO())
    bob.refresh_from_db()
    assert not bob.is_active

    call_command("reinstate", bob.handle, stdout=StringIO())
    bob.refresh_from_db()
    assert bob.is_active
