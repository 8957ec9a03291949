"""Mails reach the server: at least once, later where it is down, and not too many at a time."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from activity import tasks
from activity.models import Mail, MailState
from activity.services import sending
from tests.fakes.mail import Post
from tests.unit.activity.conftest import Tell, with_mailbox
from vre_portal.celery import app

pytestmark = pytest.mark.django_db


def pass_by(time: timedelta) -> None:
    """Let time pass: all that is written moves into the past."""
    for mail in Mail.objects.all():
        mail.due_at -= time
        mail.created_at -= time
        mail.sent_at = mail.sent_at and mail.sent_at - time
        mail.save()


def test_a_mail_is_sent_and_said_to_be(tell: Tell, post: Post) -> None:
    tell()

    assert sending.send_due() == 1

    assert [message.to for message in post.taken] == [["alice@example.org"]]
    assert Mail.objects.get().state == MailState.SENT


def test_what_was_sent_is_not_sent_again(tell: Tell, post: Post) -> None:
    tell()
    sending.send_due()
    pass_by(timedelta(days=2))

    sending.send_due()

    assert len(post.taken) == 1


def test_while_nothing_is_due_nobody_connects(reader: User, post: Post) -> None:
    sending.send_due()

    assert post.opened == 0


def test_a_server_that_is_down_gets_it_later_with_growing_pauses(tell: Tell, post: Post) -> None:
    tell()
    post.down = ConnectionRefusedError("nobody listens")
    pauses = []
    for _attempt in range(3):
        sending.send_due()
        pauses.append(round((Mail.objects.get().due_at - timezone.now()).total_seconds()))
        pass_by(timedelta(seconds=pauses[-1] + 1))
    assert pauses == [30, 60, 300]
    assert "nobody listens" in Mail.objects.get().problem

    post.down = None
    sending.send_due()

    assert len(post.taken) == 1
    assert (Mail.objects.get().state, Mail.objects.get().attempts) == ("sent", 4)


def test_a_server_that_is_down_is_asked_once_a_round(tell: Tell, post: Post, bob: User) -> None:
    with_mailbox(bob)
    tell()
    tell(user_id=bob.pk)
    post.down = ConnectionRefusedError("nobody listens")

    sending.send_due()

    assert post.opened == 1


def test_a_day_later_it_is_given_up_and_the_log_says_so(
    tell: Tell, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    tell()
    post.down = ConnectionRefusedError("nobody listens")
    sending.send_due()
    pass_by(timedelta(days=1, seconds=1))

    sending.send_due()

    assert Mail.objects.get().state == MailState.GIVEN_UP
    assert "given up after 1 attempts: ConnectionRefusedError" in caplog.text


def test_an_address_that_the_server_does_not_know_is_given_up_and_others_are_not(
    tell: Tell, post: Post, bob: User
) -> None:
    with_mailbox(bob, "bob@example.org")
    tell()
    tell(user_id=bob.pk)
    post.fail_on(SMTPRecipientsRefused({"alice@example.org": (550, b"no such user")}))

    sending.send_due()

    states = dict(Mail.objects.values_list("address", "state"))
    assert states == {"alice@example.org": "given-up", "bob@example.org": "sent"}


def test_a_mailbox_that_is_busy_is_tried_again(tell: Tell, post: Post) -> None:
    tell()
    post.fail_on(SMTPDataError(451, b"greylisted"))
    sending.send_due()
    assert Mail.objects.get().state == MailState.WAITING
    pass_by(timedelta(seconds=31))

    sending.send_due()

    assert Mail.objects.get().state == MailState.SENT


def test_who_dies_in_between_leaves_a_claim_that_ends(tell: Tell, post: Post) -> None:
    tell()
    post.fail_on(KeyboardInterrupt())  # type: ignore[arg-type]  # as a kill would
    with pytest.raises(KeyboardInterrupt):
        sending.send_due()
    assert Mail.objects.get().state == MailState.SENDING
    sending.send_due()
    assert post.taken == []

    pass_by(sending.CLAIM + timedelta(seconds=1))
    sending.send_due()

    assert len(post.taken) == 1


def test_a_repetition_has_the_same_message_id(tell: Tell, post: Post) -> None:
    tell()
    post.fail_on(SMTPServerDisconnected("after it had taken the message, maybe"))
    sending.send_due()
    first = Mail.objects.get().message
    pass_by(timedelta(seconds=31))

    sending.send_due()

    assert post.taken[0].extra_headers["Message-ID"].startswith(f"<{first}@")


def test_what_is_due_together_goes_as_one_message(tell: Tell, post: Post) -> None:
    for number in range(3):
        tell(text=f"Session {number} ends")

    assert sending.send_due() == 1

    assert "3 notices" in post.taken[0].subject
    assert all(f"Session {number} ends" in post.taken[0].body for number in range(3))


def test_more_than_thirty_an_hour_wait_and_come_as_one(tell: Tell, post: Post) -> None:
    for _number in range(sending.HOURLY):
        tell()
        sending.send_due()
    tell(text="The next one")
    tell(text="And one more")
    assert sending.send_due() == 0
    assert len(post.taken) == sending.HOURLY

    pass_by(timedelta(hours=1, seconds=1))
    sending.send_due()

    assert len(post.taken) == sending.HOURLY + 1
    assert "The next one" in post.taken[-1].body
    assert "And one more" in post.taken[-1].body


def test_one_persons_limit_is_not_anothers(tell: Tell, post: Post, bob: User) -> None:
    with_mailbox(bob, "bob@example.org")
    for _number in range(sending.HOURLY):
        tell()
        sending.send_due()
    tell()
    tell(user_id=bob.pk)

    sending.send_due()

    assert post.taken[-1].to == ["bob@example.org"]


def test_somebody_who_was_suspended_meanwhile_gets_nothing(
    tell: Tell, post: Post, reader: User
) -> None:
    tell()
    User.objects.filter(pk=reader.pk).update(is_active=False)

    sending.send_due()

    assert post.taken == []


def test_two_processes_do_not_send_at_once(tell: Tell, post: Post) -> None:
    tell()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [sending.LOCK])
            assert sending.send_due() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [sending.LOCK])
    finally:
        other.close()

    assert sending.send_due() == 1


def test_mails_are_forgotten_after_a_month(tell: Tell, post: Post) -> None:
    tell()
    sending.send_due()
    pass_by(timedelta(days=31))
    tell(text="Today's")

    sending.tidy()

    assert [mail.event.text for mail in Mail.objects.all()] == ["Today's"]


def test_the_clocks_task_sends(tell: Tell, post: Post) -> None:
    tell()

    tasks.send_mails()

    assert len(post.taken) == 1
    assert tasks.send_mails.name in {entry["task"] for entry in app.conf.beat_schedule.values()}
