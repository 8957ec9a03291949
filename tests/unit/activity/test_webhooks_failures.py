"""A webhook that fails is tried again, told of, and switched off; it can be switched on again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateformat import format as date_format

from accounts.models import User
from activity.models import Delivery, Event, MailState, Webhook
from activity.services import deliveries, failures, webhooks
from tests.unit.activity.conftest import Tell
from tests.unit.activity.receivers import (
    DAY,
    PAGE,
    Receiver,
    fail_for_a_day,
    hook_of,
    pass_by,
)

pytestmark = pytest.mark.django_db


def test_a_server_error_is_tried_again_and_then_taken_once(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    tell()
    receiver.answers = 500
    pauses = []
    for _try in range(3):
        deliveries.send_due()
        due_in = Delivery.objects.get().due_at - timezone.now()
        pauses.append(round(due_in.total_seconds()))
        pass_by(due_in + timedelta(seconds=1))
    assert pauses == [30, 60, 300]

    receiver.answers = 200
    deliveries.send_due()
    deliveries.send_due()

    assert len(receiver.got) == 4
    assert len({told["id"] for told in receiver.told}) == 1
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == ("sent", 4)


def test_before_it_is_due_nothing_is_tried(tell: Tell, hook: Webhook, receiver: Receiver) -> None:
    tell()
    receiver.answers = 500

    deliveries.send_due()
    deliveries.send_due()

    assert len(receiver.got) == 1


def test_the_page_says_since_when_it_fails_until_it_works(
    tell: Tell, hook: Webhook, receiver: Receiver, browser: Client
) -> None:
    tell()
    receiver.answers = 500
    deliveries.send_due()
    first = Webhook.objects.get().failing_since
    pass_by(timedelta(seconds=31))
    deliveries.send_due()

    page = browser.get(PAGE).content.decode()
    since = Webhook.objects.get().failing_since
    assert first
    assert since == first - timedelta(seconds=31)
    assert f"Your address answered 500 since {date_format(since, 'j F, H:i')} (UTC)." in page

    receiver.answers = 204
    pass_by(timedelta(seconds=61))
    deliveries.send_due()

    assert "Your address answered" not in browser.get(PAGE).content.decode()
    assert Webhook.objects.get().worked_at


def test_a_redirect_is_a_failure(tell: Tell, hook: Webhook, receiver: Receiver) -> None:
    tell()
    receiver.answers = 307

    deliveries.send_due()

    assert len(receiver.got) == 1
    assert Webhook.objects.get().problem == "answered 307"


def test_a_private_address_is_refused_when_it_is_sent(tell: Tell, reader: User) -> None:
    hook_of(reader, "https://10.0.0.1/")
    tell()

    deliveries.send_due()

    assert Webhook.objects.get().problem == "is not a public address"


def test_tries_have_an_end(tell: Tell, hook: Webhook, receiver: Receiver) -> None:
    tell()
    receiver.answers = 500
    Delivery.objects.update(attempts=len(failures.PAUSES))

    deliveries.send_due()

    assert Delivery.objects.get().state == MailState.GIVEN_UP


def test_what_waited_for_a_day_is_given_up(tell: Tell, hook: Webhook, receiver: Receiver) -> None:
    tell()
    pass_by(DAY + timedelta(minutes=1))

    deliveries.send_due()

    assert (Delivery.objects.get().state, receiver.got) == ("given-up", [])


def test_one_failure_puts_the_others_off_and_is_one_request(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    for _notice in range(5):
        tell()
    receiver.answers = 500

    deliveries.send_due()
    deliveries.send_due()

    assert len(receiver.got) == 1
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]


def test_a_notice_that_is_never_taken_does_not_stop_the_next(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    bad = tell()
    receiver.answers = 400
    deliveries.send_due()
    good = tell()
    receiver.answers = 204

    deliveries.send_due()

    states = {row.event_id: row.state for row in Delivery.objects.all()}
    assert states == {bad.pk: "waiting", good.pk: "sent"}


def test_after_a_day_of_failures_it_is_switched_off_and_its_person_told(
    tell: Tell, hook: Webhook, receiver: Receiver, browser: Client
) -> None:
    receiver.answers = 500

    fail_for_a_day(tell)
    tell()

    row = Webhook.objects.get()
    assert (row.state, row.problem) == ("off", "answered 500")
    assert set(Delivery.objects.values_list("state", flat=True)) == {"given-up"}
    page = browser.get(PAGE).content.decode()
    assert "Switched off" in page
    assert "Switch on again" in page
    told = Event.objects.get(verb="webhook.off")
    assert told.text == "Your webhook was switched off: it answered 500."
    assert "answered 500" in browser.get("/inbox/").content.decode()


def test_less_than_a_day_of_failures_does_not_switch_it_off(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    receiver.answers = 500
    tell()
    deliveries.send_due()
    pass_by(DAY - timedelta(minutes=5))
    tell()

    deliveries.send_due()

    assert Webhook.objects.get().state == "failing"


@pytest.mark.parametrize("way", ["page", "api"])
def test_it_is_switched_on_again(
    tell: Tell, hook: Webhook, receiver: Receiver, browser: Client, way: str
) -> None:
    receiver.answers = 500
    fail_for_a_day(tell)
    receiver.answers = 204
    receiver.got.clear()

    if way == "page":
        browser.post(f"{PAGE}webhook/on/")
    else:
        wish = {"url": receiver.url, "wanted": hook.kinds}
        browser.put("/api/v1/notices/webhook", wish, content_type="application/json")
    event = tell()
    deliveries.send_due()

    assert [told["id"] for told in receiver.told] == [str(event.pk)]
    assert Webhook.objects.get().state == "on"


def test_a_test_that_is_taken_ends_a_failure_and_frees_what_waits(
    tell: Tell, hook: Webhook, receiver: Receiver, reader: User
) -> None:
    tell()
    receiver.answers = 500
    deliveries.send_due()
    receiver.answers = 204

    webhooks.send_test(reader)

    assert Webhook.objects.get().state == "on"
    assert deliveries.send_due() == 1


def test_a_secret_that_no_key_opens_switches_it_off(
    tell: Tell, hook: Webhook, receiver: Receiver
) -> None:
    Webhook.objects.update(secret=b"of another vault")
    tell()

    deliveries.send_due()

    assert receiver.got == []
    row = Webhook.objects.get()
    assert (row.state, row.problem[:18]) == ("off", "needs a new secret")


@pytest.mark.parametrize("change", [{"is_active": False}, {"delete_after": timezone.now()}])
def test_somebody_suspended_or_leaving_sends_nothing(
    tell: Tell, hook: Webhook, receiver: Receiver, reader: User, change: dict[str, object]
) -> None:
    tell()
    User.objects.filter(pk=reader.pk).update(**change)
    tell()

    deliveries.send_due()

    assert receiver.got == []
    assert Delivery.objects.count() == 1
