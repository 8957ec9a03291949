"""A file of a session is handed over: what is copied, who gets it, where it opens."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

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
from tests.unit.sessions.conftest import ENVIRONMENTS, launched, work
from tests.unit.sessions.test_environments import OLD, write
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
        "../other",
        "work/../.token",
        "work//fit.ipynb",
        "work",
        "work/fit\0.ipynb",
        "work/fit\n.ipynb",
        "work/\ud800.ipynb",
        "work/" + "x" * 251,
    ],
)
def test_folders_and_ways_around_are_not_handed_over(
    session: Session, bob: User, running: FakeRunning, path: str
) -> None:
    files_of(running, session)[path] = files_of(running, session).get(path, NOTEBOOK)

    with pytest.raises(InvalidRequest):
        handed(session, bob, path)
    assert not Handover.objects.exists()


@pytest.mark.parametrize("path", [".token", "work/.git/config"])
def test_hidden_files_are_not_handed_over(session: Session, bob: User, path: str) -> None:
    with pytest.raises(NotFound):
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


def test_what_was_taken_counts_as_long_as_it_is_kept(
    session: Session, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "MOST_KEPT", 2 * len(NOTEBOOK))
    for _ in range(2):
        first = handed(session, bob)
        handing_over.content_of(bob, first.pk)

    with pytest.raises(QuotaExceeded, match="30 days"):
        handed(session, bob)
    handing_over.delete(bob, first.pk)
    handed(session, bob)


def test_what_one_person_gave_does_not_count_for_another(
    session: Session, bob: User, running: FakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "MOST_KEPT", len(NOTEBOOK))
    handed(session, bob)
    theirs = launched(bob)
    files_of(running, theirs)["a.ipynb"] = NOTEBOOK

    assert handed(theirs, session.user, "a.ipynb").size == len(NOTEBOOK)


def test_what_is_withdrawn_while_it_is_read_is_read_whole_or_not_found(
    session: Session, bob: User
) -> None:
    made = handed(session, bob)

    found = handing_over.whole(bob, made.pk)
    Handover.objects.all().delete()

    assert bytes(found.content) == NOTEBOOK
    with pytest.raises(NotFound):
        handing_over.whole(bob, made.pk)
    with pytest.raises(NotFound):
        handing_over.content_of(bob, made.pk)


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


def test_a_file_of_a_long_greek_name_opens(
    session: Session, bob: User, running: FakeRunning
) -> None:
    mine = launched(bob)
    name = f"{'φυσική-' * 15}.ipynb"
    files_of(running, session)[name] = NOTEBOOK
    made = handed(session, bob, name)

    opened = opening_handovers.open_somewhere(bob, made.pk, session_id=str(mine.pk))

    assert opened.url.endswith(f"/lab/tree/{quote(name)}")


def test_a_free_name_keeps_its_ending(session: Session, bob: User, running: FakeRunning) -> None:
    mine = launched(bob)
    files_of(running, session)["work/a.tar.gz"] = b"packed"
    taken = dict.fromkeys(["a.tar.gz", "a-2.tar.gz"], b"my own")
    files_of(running, mine).update(taken)
    made = handed(session, bob, "work/a.tar.gz")

    opening_handovers.open_in(mine, made.pk)

    assert files_of(running, mine) == {**taken, "a-3.tar.gz": b"packed"}


def test_a_session_that_takes_every_name_is_asked_only_so_often(
    session: Session, bob: User, running: FakeRunning
) -> None:
    mine = launched(bob)
    made = handed(session, bob)
    running.fail_on("write", Conflict("There is one."))

    with pytest.raises(Conflict):
        opening_handovers.open_in(mine, made.pk)

    assert running.calls["write"] == opening_handovers.MOST_COPIES
    assert Handover.objects.get(pk=made.pk).taken_at is None


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


def test_a_file_from_an_environment_whose_last_day_is_over_opens_in_another(
    session: Session, bob: User, environments_file: Path
) -> None:
    made = handed(session, bob)
    Handover.objects.update(environment="old")
    write(environments_file, ENVIRONMENTS + OLD)

    assert opening_handovers.open_somewhere(bob, made.pk).environment == "physics"


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
