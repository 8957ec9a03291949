"""What a restart leaves as it was, and from when on its start counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sessions import services
from sessions.backends import ManyStarts
from sessions.models import Session, SessionState
from sessions.services import handing_over, opening_handovers
from sessions.services.recipients import Recipient
from sessions.services.repository_links import RepositoryLink
from tests.fakes.hub import FakeHub, Start
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from tests.unit.sessions.moments import reloaded, step
from vre_portal import operations
from vre_portal.models import Operation, OperationState

NOTEBOOK = b'{"cells": []}'
LONG_AGO = timedelta(days=2)


def restarted(session: Session) -> Session:
    services.restart(reloaded(session))
    work()
    return reloaded(session)


def launched_long_ago(user: User) -> Session:
    session = launched(user)
    Session.objects.filter(pk=session.pk).update(created_at=timezone.now() - LONG_AGO)
    return reloaded(session)


@pytest.mark.usefixtures("asks_rucio")
def test_the_notebook_that_was_worked_on_is_opened_again(alice: User, running: FakeRunning) -> None:
    session = launched(alice, "cms:dimuon")
    files = running.of(alice.handle, session.server).files
    files["dimuon.ipynb"] = b"mine"

    again = restarted(restarted(session))

    assert files == {"dimuon.ipynb": b"mine"}
    assert again.state == SessionState.READY
    assert again.url.endswith("/lab/tree/dimuon.ipynb")


def test_a_handover_is_put_in_place_once(alice: User, bob: User, running: FakeRunning) -> None:
    theirs = launched(alice)
    running.of(alice.handle, theirs.server).files["fit.ipynb"] = NOTEBOOK
    made = handing_over.hand_over(theirs, "fit.ipynb", Recipient(bob), note="")
    session = opening_handovers.open_somewhere(bob, made.pk)
    work()

    again = restarted(session)

    assert running.of(bob.handle, session.server).files == {"fit.ipynb": NOTEBOOK}
    assert again.url.endswith("/lab/tree/fit.ipynb")


def test_the_repository_is_opened_again(alice: User, running: FakeRunning) -> None:
    link = RepositoryLink("https://git.example.org/lab/fits.git", path="first.ipynb")
    session = services.launch(alice, environment="physics", repository=link)
    work()

    again = restarted(session)

    assert again.url.endswith("/lab/tree/repositories/fits/first.ipynb")
    assert running.calls["fetch_repository"] == 1


def test_what_stops_for_good_opens_nowhere(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    services.restart(session)
    services.stop(reloaded(session))
    work()

    assert reloaded(session).url == ""


def test_while_it_starts_again_nothing_opens_it(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.goes = Start.HANGS
    services.restart(session)

    work(turns=3)

    assert reloaded(session).state == SessionState.STARTING
    assert services.open_url(reloaded(session)) == ""


def test_a_restart_is_as_quick_as_its_own_start(alice: User, hub: FakeHub) -> None:
    for _ in range(3):
        restarted(launched_long_ago(alice))

    usual = services.usual_seconds(alice, "physics")

    assert usual is not None
    assert 0 < usual < 60
    assert all(session.waited < timedelta(minutes=1) for session in Session.objects.all())


def test_what_was_found_running_says_nothing_of_starts(alice: User, hub: FakeHub) -> None:
    for number in range(3):
        hub.run_elsewhere(alice.handle, f"s-0123abc{number}", profile="physics")
    stopped = launched_long_ago(alice)
    services.stop(stopped)
    work()
    hub.run_elsewhere(alice.handle, stopped.server, profile="physics")

    services.reconcile()

    assert services.active_count(alice.pk) == 4
    assert services.usual_seconds(alice, "physics") is None


def test_its_page_says_since_when_it_starts(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched_long_ago(alice)
    hub.goes = Start.HANGS
    services.restart(session)
    work(turns=3)

    page = browser.get(f"/sessions/{session.pk}").text

    assert "You asked for it" in page
    starting = page.partition("You asked for it")[2].partition("</p>")[0]
    assert "2 days ago" not in starting


def test_who_starts_again_queues_behind_those_who_asked_before(
    alice: User, bob: User, hub: FakeHub
) -> None:
    session = launched_long_ago(alice)
    hub.users.add(bob.handle)
    hub.fail_on("start", ManyStarts(30, service="jupyterhub"))
    services.launch(bob, environment="physics")

    services.restart(session)
    step("session.stop")
    for waiting in Operation.objects.filter(kind="session.start", state=OperationState.WAITING):
        operations.advance(waiting.pk)

    assert "1 waits before yours" in reloaded(session).message
