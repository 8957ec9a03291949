"""What the hub's list tells and leaves out: servers that are found, revived, gone, or not gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from sessions import services
from sessions.models import Session, SessionState
from sessions.services.repository_links import RepositoryLink
from tests.fakes.hub import FakeHub, Start
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from tests.unit.sessions.moments import NEW_OPERATION, Killed, before, die, reloaded, step
from tests.unit.sessions.test_ends import POLICY
from vre_portal.errors import UpstreamUnavailable

DOWN = UpstreamUnavailable("JupyterHub does not answer.")
LINK = RepositoryLink("https://git.example.org/lab/fits.git")
UPDATE = 'UPDATE "interactive_sessions_session"'


def stopped(user: User, **changes: object) -> Session:
    session = launched(user)
    services.stop(session)
    work()
    Session.objects.filter(pk=session.pk).update(**changes)
    return reloaded(session)


def test_a_server_that_the_list_passed_over_runs_on(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.passed_over.add((alice.handle, session.server))

    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.READY
    assert hub.servers


def test_while_nobody_tells_whether_it_is_gone_it_is_not(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.cull(alice.handle, session.server)
    hub.fail_on("get", DOWN)
    services.reconcile()
    before_it_answered = reloaded(session).state
    hub.recover()

    services.reconcile()

    assert before_it_answered == SessionState.READY
    assert reloaded(session).state == SessionState.STOPPED


def test_a_hub_that_falls_silent_is_asked_for_one_server_only(
    alice: User, bob: User, hub: FakeHub
) -> None:
    for person in (alice, bob):
        hub.cull(person.handle, launched(person).server)
    hub.fail_on("get", DOWN)
    hub.calls.clear()

    services.reconcile()

    assert hub.calls["get"] == 1


def test_a_server_that_the_hub_forgot_is_gone(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.servers.clear()

    services.reconcile()

    assert reloaded(session).state == SessionState.STOPPED


def test_what_runs_again_lives_from_then_on(alice: User, hub: FakeHub) -> None:
    long_ago = timezone.now() - timedelta(days=2)
    session = stopped(
        alice, policy=POLICY, created_at=long_ago, ready_at=long_ago, expires_at=long_ago,
        warned_of=long_ago,
    )  # fmt: skip
    hub.run_elsewhere(alice.handle, session.server)
    started_at = hub.servers[alice.handle, session.server].server.started_at
    assert started_at is not None

    services.reconcile()

    again = reloaded(session)
    assert again.state == SessionState.READY
    assert again.ready_at == started_at
    assert again.expires_at == started_at + timedelta(hours=8)
    assert again.warned_of is None


def test_a_server_that_came_after_its_start_was_cancelled_is_taken_down(
    alice: User, hub: FakeHub
) -> None:
    session = services.launch(alice, environment="physics")
    services.stop(session)
    work()
    hub.run_elsewhere(alice.handle, session.server)

    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_a_session_launched_while_the_hub_lists_is_left_to_its_start(
    alice: User, hub: FakeHub
) -> None:
    started: list[Session] = []

    def launch() -> None:
        started.append(services.launch(alice, environment="physics"))
        hub.run_elsewhere(alice.handle, started[0].server, profile="physics")

    hub.meanwhile("list_active", launch)

    services.reconcile()
    work()

    assert reloaded(started[0]).state == SessionState.READY
    assert hub.calls["stop"] == 0


def test_a_fetch_goes_on_when_its_session_became_ready_during_the_list(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    def become_ready() -> None:
        services.launch(alice, environment="physics", repository=LINK)
        for kind in ("session.start", "session.follow", "session.fetch"):
            step(kind)

    hub.meanwhile("list_active", become_ready)

    services.reconcile()
    work()

    assert running.calls["fetch_repository"] == 1


def test_a_worker_killed_while_it_says_gone_says_it_again(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.cull(alice.handle, session.server)
    with before(NEW_OPERATION, die), pytest.raises(Killed):
        services.reconcile()

    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers, "it would still count toward the limit"


def test_a_worker_killed_while_it_revives_fetches_what_was_asked_for(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = stopped(alice, repository=LINK.as_state())
    hub.run_elsewhere(alice.handle, session.server)
    with before(NEW_OPERATION, die), pytest.raises(Killed):
        services.reconcile()

    services.reconcile()
    work()

    assert reloaded(session).repository["state"] == "ready"


def test_a_worker_killed_while_it_takes_in_takes_it_in_later(alice: User, hub: FakeHub) -> None:
    hub.run_elsewhere(alice.handle, "s-0123abcd", profile="physics")
    with before(UPDATE, die), pytest.raises(Killed):
        services.reconcile()

    services.reconcile()

    assert Session.objects.get(server="s-0123abcd").state == SessionState.READY


def test_a_server_that_starts_behind_a_cancelled_launch_is_taken_down_too(
    alice: User, hub: FakeHub
) -> None:
    hub.goes = Start.HANGS
    session = services.launch(alice, environment="physics")
    step("session.start")
    Session.objects.filter(pk=session.pk).update(state=SessionState.STOPPED)

    services.reconcile()
    work()

    assert not hub.servers
