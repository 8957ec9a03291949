"""Notices reach a webhook: signed, once each, later where it fails, and never in the mails' way."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from accounts.models import User
from activity import tasks
from activity.models import Delivery, Mail, MailState, Webhook
from activity.services import deliveries, posting, sending, webhooks
from activity.services.kinds import KINDS
from activity.services.payloads import PLAIN, payload
from tests.fakes.mail import Post
from tests.unit.activity.conftest import Tell
from tests.unit.activity.receivers import (
    DAY,
    Receiver,
    hook_of,
    pass_by,
    receiving,
)
from vre_portal.celery import app
from vre_portal.config import get_config

pytestmark = pytest.mark.django_db


def test_a_notice_reaches_the_receiver_signed(tell: Tell, reader: User, receiver: Receiver) -> None:
    secret = webhooks.save(reader, url=receiver.url, kinds=["session-ending"]).secret
    event = tell(text="Your session ends at 14:00", level="warning")

    assert deliveries.send_due() == 1

    assert receiver.is_signed(secret)
    assert receiver.told == [
        {
            "id": str(event.pk),
            "kind": "session-ending",
            "verb": "session.ending",
            "text": "Your session ends at 14:00",
            "url": f"{get_config().public_url}/sessions/s-1",
            "time": event.at.isoformat(),
            "level": "warning",
        }
    ]
    assert Delivery.objects.get().state == MailState.SENT


def test_the_check_that_the_documentation_gives_to_receivers_is_true(
    tell: Tell, reader: User, receiver: Receiver
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (check,) = (block for block in blocks if "hmac" in block)
    documented: dict[str, Any] = {}
    exec(check, documented)
    is_ours = documented["is_ours"]
    secret = webhooks.save(reader, url=receiver.url, kinds=["session-ending"]).secret
    tell()
    deliveries.send_due()

    headers, body = receiver.got[0]

    assert is_ours(secret, headers, body)
    assert not is_ours(secret, headers, body + b" ")
    assert not is_ours("another", headers, body)
    assert not is_ours(secret, {**headers, "X-VRE-Timestamp": "1700000000"}, body)


def test_what_was_sent_is_not_sent_again(tell: Tell, hook: Webhook, receiver: Receiver) -> None:
    tell()
    deliveries.send_due()
    pass_by(2 * DAY)

    deliveries.send_due()

    assert len(receiver.got) == 1


def test_only_the_chosen_kinds_go(tell: Tell, reader: User, receiver: Receiver) -> None:
    webhooks.save(reader, url=receiver.url, kinds=["run-done"])

    tell("session.ending")
    done = tell("run.finished")

    assert [row.event for row in Delivery.objects.all()] == [done]


def test_a_notice_waits_for_a_webhook_once(tell: Tell, hook: Webhook) -> None:
    event = tell()
    now = timezone.now()

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(event=event, webhook=hook, due_at=now, created_at=now)


def test_an_event_that_is_rolled_back_takes_its_delivery_with_it(tell: Tell, hook: Webhook) -> None:
    with transaction.atomic():
        tell()
        transaction.set_rollback(True)

    assert Delivery.objects.count() == 0


def test_no_name_of_others_and_no_token_goes_out(tell: Tell, hook: Webhook) -> None:
    shared = tell("session.shared", text="Bob Builder lets you work in Fit for 2 days.")
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
    odd = tell("run.failed", text=f"It failed with Authorization: Bearer {token}")

    assert b"Bob" not in payload(shared)
    assert b"A session was shared with you." in payload(shared)
    assert token.encode() not in payload(odd)


def test_every_verb_of_sharing_and_approvals_has_a_sentence_without_names() -> None:
    naming = {"session-shared", "approvals"}

    assert set(PLAIN) == {verb for kind in KINDS if kind.key in naming for verb in kind.verbs}


def test_who_dies_in_between_leaves_a_claim_that_ends(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    tell()
    deliveries._claim(timezone.now())
    assert deliveries.send_due() == 0

    pass_by(deliveries.CLAIM + timedelta(seconds=1))
    deliveries.send_due()

    assert len(receiver.got) == 1


def test_two_processes_do_not_send_at_once(tell: Tell, hook: Webhook) -> None:
    tell()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [deliveries.LOCK])
            assert deliveries.send_due() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [deliveries.LOCK])
    finally:
        other.close()

    assert deliveries.send_due() == 1


def test_mail_goes_out_while_a_webhook_is_being_sent(tell: Tell, hook: Webhook, post: Post) -> None:
    tell()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [deliveries.LOCK])
            assert sending.send_due() == 1
            cursor.execute("SELECT pg_advisory_unlock(%s)", [deliveries.LOCK])
    finally:
        other.close()

    assert Mail.objects.get().state == MailState.SENT
    assert Delivery.objects.get().state == MailState.WAITING


def test_a_webhook_that_fails_takes_no_mail_along(
    tell: Tell, hook: Webhook, receiver: Receiver, post: Post
) -> None:
    receiver.answers = 500
    tell()

    tasks.deliver()
    tasks.send_mails()

    assert len(post.taken) == 1
    assert Mail.objects.get().attempts == 1


def test_a_slow_address_does_not_hold_up_another(
    tell: Tell, hook: Webhook, receiver: Receiver, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "POST_SECONDS", 1.0)
    receiver.held.clear()
    with receiving() as quick:
        hook_of(bob, quick.url)
        tell()
        for _notice in range(5):
            tell(user_id=bob.pk)
        begun = time.monotonic()

        assert deliveries.send_due() == 5

        assert time.monotonic() - begun < 3
    assert Webhook.objects.get(pk=hook.pk).problem == "did not answer in time"


def test_what_does_not_fit_in_a_round_wakes_the_next(
    tell: Tell, hook: Webhook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **_: woken.append(name))
    monkeypatch.setattr(deliveries, "AT_ONCE", 2)
    for _notice in range(3):
        tell()

    assert (deliveries.send_due(), woken) == (2, [tasks.deliver.name])
    assert (deliveries.send_due(), woken) == (1, [tasks.deliver.name])


def test_an_address_that_was_changed_meanwhile_is_not_blamed(
    tell: Tell, hook: Webhook, receiver: Receiver, reader: User
) -> None:
    tell()
    (parcel,) = deliveries._claim(timezone.now())
    webhooks.save(reader, url="https://example.org/", kinds=hook.kinds)

    deliveries._take_over(parcel, deliveries.Outcome(0, "answered 500"))

    assert Webhook.objects.get().state == "on"


def test_the_clocks_task_sends_apart_from_that_of_mails(
    tell: Tell, hook: Webhook, receiver: Receiver, post: Post
) -> None:
    tell()

    tasks.deliver()

    assert (len(receiver.got), post.taken) == (1, [])
    clock = {entry["task"]: entry["schedule"] for entry in app.conf.beat_schedule.values()}
    assert clock[tasks.deliver.name] == clock[tasks.send_mails.name]


def test_deliveries_are_forgotten_after_a_month(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    tell()
    deliveries.send_due()
    pass_by(timedelta(days=31))
    tell(text="Today's")

    tasks.tidy()

    assert [row.event.text for row in Delivery.objects.all()] == ["Today's"]


def test_a_broker_that_is_down_breaks_nothing(
    tell: Tell,
    hook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: type,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.current_app.send_task", refuse)

    with django_capture_on_commit_callbacks(execute=True):
        tell()

    assert "webhooks wait for the clock" in caplog.text
    assert Delivery.objects.get().state == MailState.WAITING
