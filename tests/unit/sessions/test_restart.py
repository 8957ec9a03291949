"""A session that is restarted, renamed or kept alive."""

from __future__ import annotations

import pytest

from accounts.models import User
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub, Start
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import Conflict, InvalidRequest, UpstreamUnavailable


def test_a_restart_keeps_name_and_address_and_takes_other_options(
    alice: User, hub: FakeHub
) -> None:
    session = launched(alice)

    services.restart(session, {"memory_gb": "4"})
    work()

    again = Session.objects.get(pk=session.pk)
    assert again.state == SessionState.READY
    assert (again.server, again.url) == (session.server, session.url.replace("None", ""))
    assert again.options["memory_gb"] == "4"
    assert hub.servers[alice.handle, session.server].server.options["memory_gb"] == "4"
    assert again.restart_with is None
    assert hub.calls["start"] == 2


def test_a_choice_that_there_is_not_leaves_the_session_alone(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    with pytest.raises(InvalidRequest):
        services.restart(session, {"memory_gb": "400"})

    work()
    session.refresh_from_db()
    assert session.state == SessionState.READY
    assert hub.calls["stop"] == 0


def test_only_what_runs_is_restarted(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")

    with pytest.raises(Conflict):
        services.restart(session)


def test_stopping_during_a_restart_means_that_it_stays_stopped(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.restart(session)
    session.refresh_from_db()

    services.stop(session)
    work()

    session.refresh_from_db()
    assert session.state == SessionState.STOPPED
    assert hub.calls["start"] == 1


def test_nothing_starts_again_for_somebody_suspended(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.restart(session)

    services.stop_all(alice)
    work()

    session.refresh_from_db()
    assert session.state == SessionState.STOPPED


def test_it_can_be_restarted_again_and_again(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    for _ in range(3):
        session = Session.objects.get(pk=session.pk)
        services.restart(session)
        work()

    assert Session.objects.get(pk=session.pk).state == SessionState.READY
    assert hub.calls["start"] == 4


def test_a_new_name_reaches_the_hub_with_the_next_start(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    hub.calls.clear()
    services.rename(session, "  My   fit ")
    asked_of_the_hub = dict(hub.calls)

    services.restart(session)
    work()

    assert asked_of_the_hub == {}, "it renames nothing that runs"
    assert Session.objects.get(pk=session.pk).name == "My fit"
    assert hub.servers[alice.handle, session.server].display_name == "My fit"


def test_a_name_is_needed(alice: User, hub: FakeHub) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.rename(launched(alice), "  ")

    assert refused.value.field == "name"


def test_kernels_that_work_keep_it_alive_by_choice(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = launched(alice)

    services.keep_alive(session, on=True)

    assert Session.objects.get(pk=session.pk).keep_alive
    assert running.of(alice.handle, session.server).usage.keep_alive


def test_a_session_that_has_ended_keeps_its_reason(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.FAILS
    session = launched(alice)

    with pytest.raises(Conflict):
        services.keep_alive(session, on=True)

    session.refresh_from_db()
    assert "exit code 1" in session.message
    assert not session.keep_alive


def test_a_session_that_did_not_hear_it_hears_it_later(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = launched(alice)
    running.fail_on("keep_alive", UpstreamUnavailable("The session does not answer."))
    services.keep_alive(session, on=True)
    running.recover()

    services.sample()

    assert running.of(alice.handle, session.server).usage.keep_alive


def test_the_choice_at_the_launch_holds_from_the_start(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = services.launch(alice, environment="physics", keep_alive=True)
    work()

    services.sample()

    assert running.of(alice.handle, session.server).usage.keep_alive


def test_what_nobody_looks_at_is_asked_seldom(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = launched(alice)

    for _ in range(3):
        services.sample()

    assert running.calls["usage"] == 1
    session.refresh_from_db()
    usage = services.usage_of(session)
    assert usage is not None
    assert usage.home.used == 3 << 30


def test_what_somebody_looks_at_is_asked_each_time(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    from sessions.services.sampling import looked_at

    session = launched(alice)
    services.sample()

    looked_at([str(session.pk)])
    services.sample()
    services.sample()

    assert running.calls["usage"] == 3


def test_a_silent_session_does_not_stop_the_round(
    alice: User, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = launched(alice)
    running.fail_on("usage", UpstreamUnavailable("The session does not answer."))

    services.sample()

    session.refresh_from_db()
    assert session.usage == {}
    assert session.usage_at is not None
