"""Stopping, cancelling, and bringing the rows into line with the hub."""

from __future__ import annotations

import pytest

from accounts.models import User
from sessions import services, tasks
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub, Start
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import Conflict, UpstreamUnavailable
from vre_portal.models import Operation

DOWN = UpstreamUnavailable("JupyterHub does not answer.")


def reloaded(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def test_a_stopped_session_is_gone_at_the_hub(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    services.stop(session)
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert reloaded(session).stopped_at is not None
    assert not hub.servers


def test_a_start_may_be_cancelled(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.HANGS
    session = services.launch(alice, environment="physics")
    work(turns=2)

    services.stop(session)
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_a_launch_cancelled_before_the_hub_was_asked_never_asks(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")

    services.stop(session)
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert hub.calls["start"] == 0


def test_cancelling_while_the_hub_is_asked_leaves_no_server(
    alice: User, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = services.launch(alice, environment="physics")
    hub.users.add(alice.handle)
    ask = hub.start

    def cancelled_meanwhile(*args: object, **kwargs: object) -> None:
        services.stop(session)
        Operation.objects.filter(kind="session.stop").update(state="done")
        Session.objects.filter(pk=session.pk).update(state=SessionState.STOPPED)
        ask(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(hub, "start", cancelled_meanwhile)
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_stopping_twice_is_one_stop(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    services.stop(session)
    services.stop(reloaded(session))
    work()

    assert hub.calls["stop"] == 1


def test_a_hub_that_is_down_does_not_lose_the_stop(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.stop(session)
    hub.fail_on("stop", DOWN)
    work()

    assert reloaded(session).state == SessionState.STOPPING
    assert "as soon as it can be" in reloaded(session).message

    hub.recover()
    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_a_session_that_ended_at_the_hub_is_shown_as_stopped(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.cull(alice.handle, session.server)

    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert "no longer runs" in reloaded(session).message
    assert not hub.servers, "it would still count toward the limit"


def test_reconciling_asks_the_hub_once_for_everybody(alice: User, bob: User, hub: FakeHub) -> None:
    first, second = launched(alice), launched(bob)
    hub.calls.clear()

    services.reconcile()

    assert hub.calls == {"list_active": 1}
    assert {reloaded(first).state, reloaded(second).state} == {SessionState.READY}


def test_reconciling_writes_down_when_it_looked(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    before = reloaded(session).checked_at

    services.reconcile()

    after = reloaded(session).checked_at
    assert before is not None
    assert after is not None
    assert after > before
    assert reloaded(session).last_activity_at is not None


def test_while_the_hub_is_down_the_last_known_state_stays(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.fail_on("list_active", DOWN)

    tasks.reconcile()

    assert reloaded(session).state == SessionState.READY


def test_a_server_of_ours_without_a_row_is_taken_in(alice: User, hub: FakeHub) -> None:
    hub.run_elsewhere(alice.handle, "s-0123abcd", profile="physics")

    services.reconcile()

    found = Session.objects.get(server="s-0123abcd")
    assert found.state == SessionState.READY
    assert found.name == "Physics 2026.11"
    assert found.url == f"/user/{alice.handle}/s-0123abcd/lab"


def test_servers_that_are_not_ours_are_left_alone(alice: User, hub: FakeHub) -> None:
    hub.run_elsewhere(alice.handle, "my-own")
    hub.run_elsewhere("stranger-abcde", "s-0123abcd")

    services.reconcile()

    assert not Session.objects.exists()
    assert len(hub.servers) == 2


def test_a_server_behind_a_failed_session_is_taken_down(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.FAILS
    session = launched(alice)
    hub.run_elsewhere(alice.handle, session.server)

    services.reconcile()
    work()

    assert reloaded(session).state == SessionState.FAILED
    assert not hub.servers


def test_a_stopped_session_that_runs_again_is_shown_again(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.stop(session)
    work()
    hub.run_elsewhere(alice.handle, session.server)

    services.reconcile()

    assert reloaded(session).state == SessionState.READY
    assert reloaded(session).stopped_at is None


def test_only_what_has_ended_may_be_removed(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    with pytest.raises(Conflict):
        services.remove(session)

    services.stop(session)
    work()
    services.remove(reloaded(session))

    assert not services.visible_to(alice).exists()


def test_home_gets_what_runs_and_the_last_failure(alice: User, hub: FakeHub) -> None:
    running = launched(alice)
    hub.goes = Start.FAILS
    failed = launched(alice)

    found = services.summary(alice)

    assert found.active == [running]
    assert found.failed == [failed]
    assert services.active_count(alice.pk) == 1
