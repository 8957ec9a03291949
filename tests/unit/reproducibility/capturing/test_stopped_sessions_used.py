"""Sessions that were started to be read: who uses one keeps it, who starts one owns it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from reproducibility.models import Capture, CaptureState
from reproducibility.services.captures import starting
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub, Start
from tests.fakes.running import USED, FakeRunning
from tests.unit.reproducibility.capturing.conftest import FILES, put
from tests.unit.reproducibility.capturing.stopped import (
    begun,
    hold_before_stopping,
    is_at_the_hub,
    reloaded,
    reloaded_session,
    rounds,
)
from vre_portal import session_capture
from vre_portal.errors import UpstreamUnavailable


def test_a_session_that_its_owner_opens_meanwhile_goes_on(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    capture = begun(alice, stopped)
    hold_before_stopping(stopped)

    hub.open_in_browser(alice.handle, stopped.server)
    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED
    assert reloaded(stopped)[0] == SessionState.READY
    aside = session_capture.aside_of(capture)
    assert aside is not None
    assert "You use the session meanwhile" in aside.text


def test_who_opened_it_before_the_portal_started_it_does_not_count(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.browsers[alice.handle, stopped.server] = timezone.now() - timedelta(minutes=1)

    begun(alice, stopped)
    rounds()

    assert reloaded(stopped)[0] == SessionState.STOPPED


def test_a_session_in_which_a_kernel_works_goes_on(
    alice: User, stopped: Session, running: FakeRunning
) -> None:
    begun(alice, stopped)
    hold_before_stopping(stopped)

    running.of(alice.handle, stopped.server).usage = USED
    rounds()

    assert reloaded(stopped)[0] == SessionState.READY


def test_a_session_that_its_owner_extends_goes_on(alice: User, stopped: Session) -> None:
    begun(alice, stopped)
    hold_before_stopping(stopped)
    row = reloaded_session(stopped)
    policy = row.policy | {"lifetime_hours": 1, "max_lifetime_hours": 4, "extend_hours": 1}
    Session.objects.update(policy=policy, expires_at=timezone.now() + timedelta(hours=1))

    services.extend(reloaded_session(stopped))
    rounds()

    assert reloaded(stopped)[0] == SessionState.READY


def test_what_its_owner_has_started_is_never_stopped(
    alice: User, running: FakeRunning, hub: FakeHub
) -> None:
    session = services.launch(alice, environment="physics")
    put(running, session, {f"zpeak/{path}": content for path, content in FILES.items()})
    running.of(alice.handle, session.server).usage = replace(USED, kernels=0)

    capture = begun(alice, session)
    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED, capture.message
    assert reloaded(session)[0] == SessionState.READY
    assert session_capture.aside_of(capture) is None
    assert hub.calls["start"] == 1


def test_two_captures_start_it_once_and_the_last_one_stops_it(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    first, second = begun(alice, stopped), begun(alice, stopped, "zpeak/fit.py")
    rounds()

    assert reloaded(first)[0] == CaptureState.PROPOSED, first.message
    assert reloaded(second)[0] == CaptureState.PROPOSED, second.message
    assert hub.calls["start"] == 2
    assert not is_at_the_hub(hub, stopped)


def test_a_capture_that_begins_while_it_is_about_to_be_stopped_is_waited_for(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    begun(alice, stopped)
    hold_before_stopping(stopped)
    late: list[Capture] = []
    hub.meanwhile("opened_since", lambda: late.append(begun(alice, stopped)))

    rounds()

    assert reloaded(late[0])[0] == CaptureState.PROPOSED, late[0].message
    assert hub.calls["start"] == 2
    assert not is_at_the_hub(hub, stopped)


def test_a_session_that_its_owner_stops_is_not_started_again(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.goes = Start.HANGS
    capture = begun(alice, stopped)
    rounds(3)

    services.stop(reloaded_session(stopped))
    rounds()

    assert "was stopped before its files were read" in reloaded(capture)[1]
    assert capture.state == CaptureState.FAILED
    assert hub.calls["start"] == 2


def test_a_capture_that_is_discarded_cancels_the_start(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.goes = Start.HANGS
    capture = begun(alice, stopped)
    rounds(3)

    starting.discard(alice, capture.pk)
    rounds()

    assert reloaded(stopped)[0] == SessionState.STOPPED
    assert not is_at_the_hub(hub, stopped)


def test_while_the_hub_is_silent_it_is_stopped_as_soon_as_it_answers(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    begun(alice, stopped)
    hold_before_stopping(stopped)
    hub.fail_on("opened_since", UpstreamUnavailable("JupyterHub does not answer."))
    rounds()
    assert reloaded(stopped)[0] == SessionState.READY

    hub.recover()
    rounds()

    assert not is_at_the_hub(hub, stopped)
