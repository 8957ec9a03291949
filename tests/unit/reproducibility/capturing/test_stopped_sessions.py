"""Captures from sessions that do not run: started to be read, and stopped again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from activity.models import Event
from reproducibility.models import CaptureState
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub, Start
from tests.unit.reproducibility.capturing.conftest import FILES
from tests.unit.reproducibility.capturing.stopped import (
    begun,
    hold_before_stopping,
    is_at_the_hub,
    reloaded,
    reloaded_session,
    rounds,
)
from tests.unit.sessions.conftest import launched
from vre_portal import session_capture
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, QuotaExceeded
from vre_portal.models import Operation, OperationState


def test_it_is_started_read_and_stopped_again(alice: User, stopped: Session, hub: FakeHub) -> None:
    capture = begun(alice, stopped)
    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED, capture.message
    assert capture.title == "Z peak"
    assert capture.specification == FILES["reana.yaml"].decode()
    assert reloaded(stopped)[0] == SessionState.STOPPED
    assert not is_at_the_hub(hub, stopped)
    assert hub.calls["start"] == 2, "once by Alice, once by the portal"
    assert not Operation.objects.filter(state=OperationState.WAITING).exists()


def test_the_page_tells_each_step(browser: Client, alice: User, stopped: Session) -> None:
    capture = begun(alice, stopped)
    rounds(1)

    first = browser.get(f"/captures/{capture.pk}").content.decode()
    hold_before_stopping(stopped)
    reading = browser.get(f"/captures/{capture.pk}").content.decode()
    rounds()
    last = browser.get(f"/captures/{capture.pk}").content.decode()

    assert "Starting the session to read its files…" in first
    assert "Stopping the session again." in reading
    assert f"session:{stopped.pk}" in reading
    assert "was started to read its files, and has stopped again" in last


def test_its_data_is_not_brought_again(
    alice: User, stopped: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_SESSION_STORAGE", "ANALYSIS")
    get_config.cache_clear()

    begun(alice, stopped)
    rounds()

    assert not Operation.objects.filter(kind="session.bring").exists()
    assert not reloaded_session(stopped).brought


def test_a_start_that_fails_says_why_and_leaves_nothing(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.goes, hub.reason = Start.FAILS, "No space left."

    capture = begun(alice, stopped)
    rounds()

    state, message = reloaded(capture)
    assert state == CaptureState.FAILED
    assert "could not be started to read its files: No space left." in message
    assert session_capture.aside_of(capture) is None
    assert not is_at_the_hub(hub, stopped)


def test_after_a_failed_start_it_can_be_captured_again(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.goes = Start.FAILS
    begun(alice, stopped)
    rounds()
    hub.goes = Start.READY

    capture = begun(alice, reloaded_session(stopped))
    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED, capture.message
    assert not is_at_the_hub(hub, stopped)


def test_a_start_that_takes_too_long_is_given_up_and_cancelled(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    hub.goes = Start.HANGS
    capture = begun(alice, stopped)
    rounds(3)
    assert reloaded(stopped)[0] == SessionState.STARTING

    Session.objects.update(restarted_at=timezone.now() - timedelta(minutes=13))
    rounds()

    state, message = reloaded(capture)
    assert state == CaptureState.FAILED
    assert "did not start within 12 minutes" in message
    assert reloaded(stopped)[0] == SessionState.STOPPED
    assert not is_at_the_hub(hub, stopped)


@pytest.mark.parametrize("turns", range(8))
def test_a_worker_that_dies_at_any_turn_starts_nothing_twice_and_leaves_nothing(
    alice: User, stopped: Session, hub: FakeHub, turns: int
) -> None:
    capture = begun(alice, stopped)
    for _ in range(turns):
        rounds(1)
    dying = Operation.objects.filter(state=OperationState.WAITING)
    dying.update(lease="00000000-0000-0000-0000-000000000001", attempts=1,
                 lease_until=timezone.now() - timedelta(seconds=1))  # fmt: skip

    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED, capture.message
    assert hub.calls["start"] == 2
    assert not is_at_the_hub(hub, stopped)


def test_a_folder_that_is_not_there_is_told_and_the_session_stopped_again(
    alice: User, stopped: Session, hub: FakeHub
) -> None:
    capture = begun(alice, stopped, "nowhere")
    rounds()

    assert "There is no nowhere in the session" in reloaded(capture)[1]
    assert not is_at_the_hub(hub, stopped)


def test_who_has_as_many_sessions_as_one_may_have_is_told_at_once(
    alice: User, stopped: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched(alice)
    monkeypatch.setenv("VRE_SESSIONS_PER_PERSON", "1")
    get_config.cache_clear()

    with pytest.raises(QuotaExceeded, match="You run 1 of 1 sessions"):
        begun(alice, stopped)


def test_a_limit_that_is_reached_meanwhile_fails_in_words(
    alice: User, stopped: Session, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = begun(alice, stopped)
    services.launch(alice, environment="physics")
    monkeypatch.setenv("VRE_SESSIONS_PER_PERSON", "1")
    get_config.cache_clear()

    rounds()

    assert "You run 1 of 1 sessions" in reloaded(capture)[1]
    assert not is_at_the_hub(hub, stopped)


def test_a_session_of_an_environment_that_is_gone_says_what_else_can_be_done(
    alice: User, stopped: Session
) -> None:
    Session.objects.update(environment="gone")

    with pytest.raises(InvalidRequest, match="Launch another session") as caught:
        begun(alice, stopped)

    assert caught.value.field == "session"


def test_options_that_are_not_offered_any_more_become_the_usual_ones(
    alice: User, stopped: Session
) -> None:
    Session.objects.update(options={"profile": "physics", "memory_gb": "512"})

    capture = begun(alice, stopped)
    rounds()

    assert reloaded(capture)[0] == CaptureState.PROPOSED, capture.message
    assert reloaded_session(stopped).choices == {"memory_gb": "2"}


def test_the_form_offers_it_under_what_will_happen(browser: Client, stopped: Session) -> None:

    page = browser.get("/captures/new").content.decode()

    assert 'optgroup label="Stopped: started for it, and stopped again"' in page
    assert f'value="{stopped.pk}"' in page


def test_the_api_starts_it_too(browser: Client, stopped: Session) -> None:
    source = {"kind": "session", "session": str(stopped.pk), "path": "zpeak"}

    answer = browser.post("/api/v1/analyses", {"source": source}, "application/json")
    rounds()

    assert answer.status_code == 202, answer.content
    told = browser.get(f"/api/v1/captures/{answer.json()['id']}").json()
    assert told["state"] == "proposed"
    assert reloaded(stopped)[0] == SessionState.STOPPED


def test_a_session_off_the_list_is_not_captured(alice: User, stopped: Session) -> None:
    services.remove(stopped)

    with pytest.raises(InvalidRequest, match="Choose one of your sessions"):
        begun(alice, stopped)


def test_what_was_started_only_to_be_read_makes_no_news(alice: User, stopped: Session) -> None:
    before = Event.objects.filter(subject_kind="session").count()
    begun(alice, stopped)
    rounds()

    assert Event.objects.filter(subject_kind="session").count() == before
