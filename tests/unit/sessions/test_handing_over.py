"""A file of a session is handed over: what is copied, who gets it, where it opens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from activity.models import Event
from sessions import services
from sessions.models import Handover, Session, SessionState
from sessions.services import handing_over, opening_handovers
from sessions.services.recipients import Recipient
from tests.factories import make_user
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    TooLarge,
    UpstreamUnavailable,
)

GROUP = "/escape/cms"
NOTEBOOK = b'{"cells": []}'


@pytest.fixture
def session(alice: User, running: FakeRunning) -> Session:
    """Alice's session with a notebook, a secret and a folder in it."""
    made = launched(alice)
    files = running.of(alice.handle, made.server).files
    files.update({"work": None, "work/fit.ipynb": NOTEBOOK, ".token": b"secret"})
    return made


def in_group(*people: User) -> None:
    for one in people:
        one.groups = [GROUP]
        one.save()


def handed(session: Session, to: User | str, path: str = "work/fit.ipynb") -> Handover:
    meant = Recipient(group=to) if isinstance(to, str) else Recipient(to)
    return handing_over.hand_over(session, path, meant, note="Look at cell 3")


def files_of(running: FakeRunning, session: Session) -> dict[str, bytes | None]:
    return running.of(session.user.handle, session.server).files


def test_a_copy_goes_to_the_recipient_who_is_told(
    session: Session, bob: User, running: FakeRunning
) -> None:
    made = handed(session, bob)
    files_of(running, session)["work/fit.ipynb"] = b"changed since"

    assert handing_over.content_of(bob, made.pk) == ("fit.ipynb", NOTEBOOK)
    event = Event.objects.get(user=bob, verb="session.handed-over")
    assert event.url == f"/sessions/handovers/{made.pk}"
    (told,) = AuditEvent.objects.filter(action="session.handed-over")
    assert (told.actor, told.detail["with"]) == (session.user_id, bob.handle)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        ".token",
        "work/.git/config",
        "../other",
        "work/../.token",
        "work//fit.ipynb",
        "work",
    ],
)
def test_hidden_files_folders_and_ways_around_are_not_handed_over(
    session: Session, bob: User, path: str
) -> None:
    with pytest.raises(InvalidRequest):
        handed(session, bob, path)
    assert not Handover.objects.exists()


def test_a_file_that_is_not_there_is_not_found(session: Session, bob: User) -> None:
    with pytest.raises(NotFound):
        handed(session, bob, "work/none.ipynb")


def test_large_files_go_another_way(session: Session, bob: User, running: FakeRunning) -> None:
    files_of(running, session)["big"] = bytes(handing_over.MAX_BYTES + 1)
    files_of(running, session)["fits"] = bytes(handing_over.MAX_BYTES)

    with pytest.raises(TooLarge):
        handed(session, bob, "big")
    assert handed(session, bob, "fits").size == handing_over.MAX_BYTES


def test_a_session_that_has_stopped_gives_nothing(session: Session, bob: User) -> None:
    services.stop(session)
    work()
    session.refresh_from_db()

    with pytest.raises(Conflict):
        handed(session, bob)


def test_what_nobody_takes_is_bounded(
    session: Session, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "MOST_GIVEN", 1)
    first = handed(session, bob)

    with pytest.raises(QuotaExceeded):
        handed(session, bob)
    handing_over.content_of(bob, first.pk)
    handed(session, bob)


def test_others_do_not_find_it(session: Session, bob: User) -> None:
    carol = make_user("carol")
    made = handed(session, bob)

    with pytest.raises(NotFound):
        handing_over.handover_of(carol, made.pk)
    with pytest.raises(NotFound):
        handing_over.delete(carol, made.pk)
    assert not handing_over.all_of(carol)


def test_a_group_finds_it_while_one_is_in_it(session: Session, alice: User, bob: User) -> None:
    in_group(alice, bob)
    made = handed(session, GROUP)
    found_in_it = list(handing_over.received(bob))
    bob.groups = []
    bob.save()

    assert found_in_it == [made]
    assert not handing_over.received(bob)


def test_the_sender_withdraws_until_it_is_taken(session: Session, alice: User, bob: User) -> None:
    first, second = handed(session, bob), handed(session, bob)
    handing_over.content_of(alice, first.pk)  # looking at one's own takes nothing

    handing_over.delete(alice, first.pk)
    handing_over.content_of(bob, second.pk)

    with pytest.raises(Conflict, match="taken already"):
        handing_over.delete(alice, second.pk)
    handing_over.delete(bob, second.pk)
    assert not Handover.objects.exists()


def test_only_the_sender_withdraws_from_a_group(session: Session, alice: User, bob: User) -> None:
    in_group(alice, bob)
    made = handed(session, GROUP)
    handing_over.content_of(bob, made.pk)

    with pytest.raises(Conflict, match="whole group"):
        handing_over.delete(bob, made.pk)
    handing_over.delete(alice, made.pk)
    assert not Handover.objects.exists()


def test_it_opens_in_a_running_session_under_a_free_name(
    session: Session, bob: User, running: FakeRunning
) -> None:
    mine = launched(bob)
    files_of(running, mine)["fit.ipynb"] = b"my own"
    made = handed(session, bob)

    opened = opening_handovers.open_somewhere(bob, made.pk, session_id=str(mine.pk))

    assert files_of(running, mine) == {"fit.ipynb": b"my own", "fit-2.ipynb": NOTEBOOK}
    assert opened.url.endswith(f"/{mine.server}/lab/tree/fit-2.ipynb")
    assert Handover.objects.get(pk=made.pk).taken_at is not None


def test_it_opens_in_no_session_of_others(session: Session, bob: User) -> None:
    made = handed(session, bob)

    with pytest.raises(NotFound):
        opening_handovers.open_somewhere(bob, made.pk, session_id=str(session.pk))


def test_a_session_is_launched_with_it(
    session: Session, bob: User, running: FakeRunning, hub: FakeHub
) -> None:
    made = handed(session, bob)

    launched_for_it = opening_handovers.open_somewhere(bob, made.pk)
    work()
    launched_for_it.refresh_from_db()

    assert launched_for_it.state == SessionState.READY
    assert launched_for_it.origin["id"] == str(made.pk)
    assert files_of(running, launched_for_it) == {"fit.ipynb": NOTEBOOK}
    assert launched_for_it.url.endswith("/lab/tree/fit.ipynb")


def test_a_session_starts_without_what_was_withdrawn(
    session: Session, alice: User, bob: User, running: FakeRunning
) -> None:
    made = handed(session, bob)
    launched_for_it = opening_handovers.open_somewhere(bob, made.pk)
    handing_over.delete(alice, made.pk)

    work()
    launched_for_it.refresh_from_db()

    assert launched_for_it.state == SessionState.READY
    assert not files_of(running, launched_for_it)
    assert any("not put in place" in event["text"] for event in launched_for_it.events)


def test_a_session_that_takes_no_file_starts_all_the_same(
    session: Session, bob: User, running: FakeRunning
) -> None:
    made = handed(session, bob)
    launched_for_it = opening_handovers.open_somewhere(bob, made.pk)
    running.fail_on("write", UpstreamUnavailable("The session does not answer."))

    work()
    launched_for_it.refresh_from_db()

    assert launched_for_it.state == SessionState.READY
    assert Handover.objects.get(pk=made.pk).taken_at is None


def test_after_thirty_days_it_is_gone(session: Session, bob: User) -> None:
    old, new = handed(session, bob), handed(session, bob)
    past = timezone.now() - timedelta(days=30, seconds=1)
    Handover.objects.filter(pk=old.pk).update(created_at=past)

    handing_over.forget_old()

    assert list(Handover.objects.all()) == [new]
