"""Which events are queued as mails, to whom, and that they stand and fall with their event."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from activity.models import Event, Mail
from activity.services import preferences, record_all
from activity.services.kinds import BY_VERB, KINDS
from tests.unit.activity.conftest import Tell, with_mailbox

pytestmark = pytest.mark.django_db


def test_a_session_that_ends_soon_goes_out_by_mail(tell: Tell) -> None:
    event = tell("session.ending")

    mail = Mail.objects.get()
    assert (mail.event, mail.address, mail.state) == (event, "alice@example.org", "waiting")


def test_what_is_off_until_somebody_chooses_it_is_not_sent(tell: Tell) -> None:
    tell("session.failed")
    tell("replica-request.ok")

    assert Mail.objects.count() == 0


def test_what_is_no_notice_is_never_sent(tell: Tell, reader: User) -> None:
    preferences.choose(reader, [kind.key for kind in KINDS])

    tell("session.launched")

    assert Mail.objects.count() == 0


def test_a_choice_counts_both_ways(tell: Tell, reader: User) -> None:
    preferences.choose(reader, ["data-stuck"])

    tell("session.ending")
    stuck = tell("replica-request.stuck")

    assert [mail.event for mail in Mail.objects.all()] == [stuck]


def test_an_address_that_nobody_verified_gets_no_mail(tell: Tell, bob: User) -> None:
    with_mailbox(bob, verified=False)

    tell(user_id=bob.pk)

    assert Mail.objects.count() == 0


def test_an_identity_that_its_provider_no_longer_vouches_for_gets_no_mail(
    tell: Tell, bob: User
) -> None:
    identity = with_mailbox(bob)
    identity.lapsed_at = timezone.now()
    identity.save()

    tell(user_id=bob.pk)

    assert Mail.objects.count() == 0


@pytest.mark.parametrize("change", [{"is_active": False}, {"delete_after": timezone.now()}])
def test_somebody_suspended_or_leaving_gets_no_mail(
    tell: Tell, reader: User, change: dict[str, object]
) -> None:
    User.objects.filter(pk=reader.pk).update(**change)

    tell()

    assert Mail.objects.count() == 0


def test_of_several_addresses_that_of_the_last_sign_in_counts(tell: Tell, reader: User) -> None:
    older = with_mailbox(reader, "older@example.org")
    older.last_sign_in = timezone.now() - timedelta(days=3)
    older.save()

    tell()

    assert Mail.objects.get().address == "alice@example.org"


def test_an_event_that_is_rolled_back_takes_its_mail_with_it(tell: Tell) -> None:
    with transaction.atomic():
        tell()
        transaction.set_rollback(True)

    assert (Event.objects.count(), Mail.objects.count()) == (0, 0)


def test_many_events_are_queued_with_a_few_questions(
    reader: User, django_assert_max_num_queries: type
) -> None:
    events = [
        Event(
            user=reader, verb="replica-request.ends-soon", subject_kind="r", subject_id=str(number),
            text="It ends",
        )
        for number in range(50)
    ]  # fmt: skip

    with django_assert_max_num_queries(7):
        record_all(events)

    assert Mail.objects.count() == 50


def test_events_that_are_no_notices_cost_no_question_more(
    tell: Tell, django_assert_max_num_queries: type
) -> None:
    with django_assert_max_num_queries(3):  # a savepoint and the event
        tell("run.started")


def test_a_site_without_a_mail_server_queues_nothing(tell: Tell, no_mail: None) -> None:
    tell()

    assert Mail.objects.count() == 0


def test_a_broker_that_is_down_breaks_nothing(
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: type,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("celery.current_app.send_task", refuse)

    with django_capture_on_commit_callbacks(execute=True):
        tell()

    assert "mails wait for the clock" in caplog.text
    assert Mail.objects.get().state == "waiting"


def test_each_verb_belongs_to_one_kind_and_only_what_one_waits_for_is_usual() -> None:
    verbs = [verb for kind in KINDS for verb in kind.verbs]

    assert len(verbs) == len(BY_VERB)
    assert {kind.key for kind in KINDS if kind.usual} == {
        "session-ending", "data-ending", "approvals", "verification",
        "campaign-done", "campaign-waits",
    }  # fmt: skip
