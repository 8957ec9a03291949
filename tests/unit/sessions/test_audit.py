"""The audit log tells who started and stopped which session, and what the broker lent to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import suspension
from accounts.models import AuditEvent, Result, User
from sessions import services
from tests.factories import lend, make_identity
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched

URL = "/api/v1/sessions/broker/token"


def ask(token: str, audience: str = "rucio") -> int:
    headers = {"Authorization": f"token {token}"}
    answer: Any = Client().post(
        URL, {"audience": audience}, content_type="application/json", headers=headers
    )
    return int(answer.status_code)


def entries(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("at"))


@pytest.mark.usefixtures("asks_rucio")
def test_a_launch_and_a_stop_are_told_with_who_and_what(alice: User, hub: FakeHub) -> None:
    session = launched(alice, "cms:dimuon")
    services.stop(session)
    services.stop(session)

    (start,), (stop,) = entries("session.launched"), entries("session.stopped")
    for event in (start, stop):
        assert event.actor == alice.pk
        assert (event.object_kind, event.object_id) == ("session", str(session.pk))
    assert start.detail == {
        "environment": "physics",
        "digest": session.digest,
        "datasets": ["cms:dimuon"],
    }


@pytest.mark.usefixtures("asks_rucio")
def test_a_dataset_opened_in_a_session_is_told(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    services.open_dataset(session, "cms:dimuon")

    (event,) = entries("session.dataset-opened")
    assert (event.actor, event.object_id) == (alice.pk, str(session.pk))
    assert event.detail == {"dataset": "cms:dimuon"}


def test_a_session_that_the_portal_ends_is_not_said_to_be_its_owners_deed(
    alice: User, hub: FakeHub
) -> None:
    session = launched(alice)

    suspension.suspend(alice, reason="incident")

    (event,) = entries("session.ended")
    assert (event.actor, event.object_id) == (None, str(session.pk))
    assert event.detail == {"owner": alice.handle}
    assert not entries("session.stopped")


def test_loans_are_told_once_an_hour_by_session_and_audience(alice: User, hub: FakeHub) -> None:
    identity = make_identity(alice, issuer="https://escape.test/")
    lend(identity, "rucio", "for-rucio")
    lend(identity, "reana", "for-reana")
    first, second = launched(alice), launched(alice)
    tokens = [hub.session_token(alice.handle, one.server) for one in (first, second)]

    for audience in ("rucio", "rucio", "reana"):
        assert ask(tokens[0], audience) == 200
    assert ask(tokens[1]) == 200

    told = [(event.object_id, event.detail["audience"]) for event in entries("broker.lent")]
    assert told == [
        (str(first.pk), "rucio"), (str(first.pk), "reana"), (str(second.pk), "rucio")
    ]  # fmt: skip
    assert {event.actor for event in entries("broker.lent")} == {alice.pk}


def test_every_refusal_is_told_with_whose_token_it_was(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    token = hub.session_token(alice.handle, session.server)
    wide = hub.token("user", alice.handle, {f"servers!user={alice.handle}"})

    assert ask("a-token-that-nobody-gave") == 401
    assert ask(wide) == 403
    assert ask(token, "portal") == 422
    assert ask(token) == 409

    told = entries("broker.refused")
    assert [event.detail["why"] for event in told] == [
        "sign-in-required", "forbidden", "invalid-request", "conflict"
    ]  # fmt: skip
    assert {event.result for event in told} == {Result.REFUSED}
    assert [event.actor for event in told] == [None, alice.pk, alice.pk, alice.pk]
    assert told[2].object_id == told[3].object_id == str(session.pk)


def test_no_token_stands_in_the_log(alice: User, hub: FakeHub) -> None:
    lend(make_identity(alice, issuer="https://escape.test/"), "rucio", "for-rucio")
    session = launched(alice)
    token = hub.session_token(alice.handle, session.server)

    ask(token)
    ask(token, "portal")

    text = str([vars(event) for event in AuditEvent.objects.all()])
    assert token not in text
    assert "for-rucio" not in text
