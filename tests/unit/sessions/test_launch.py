"""Launching: what is asked, what the hub says, and how it ends."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from activity import services as activity
from sessions import services
from sessions.backends import ManyStarts
from sessions.models import Session, SessionState
from sessions.services import changes
from tests.fakes.hub import FakeHub, Start
from tests.unit.sessions.conftest import launched, work
from vre_portal import operations
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.models import Operation


def test_a_launch_ends_ready_and_its_address_holds_no_token(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    assert session.state == SessionState.READY
    url = services.open_url(session)
    assert url == f"http://hub.test/user/{alice.handle}/{session.server}/lab"
    assert session.percent == 100
    assert session.ready_at is not None


def test_the_hub_gets_the_profile_and_every_option(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    asked = hub.servers[alice.handle, session.server]
    assert asked.server.options == {"profile": "physics", "memory_gb": "2"}
    assert asked.display_name == "Physics 2026.11"


def test_the_row_is_there_before_the_hub_is_asked(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")

    assert session.state == SessionState.QUEUED
    assert not hub.calls


def test_a_user_whom_the_hub_does_not_know_is_made_first(alice: User, hub: FakeHub) -> None:
    launched(alice)

    assert hub.users == {alice.handle}


def test_every_line_of_progress_is_told_once(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.HANGS
    session = services.launch(alice, environment="physics")
    work(turns=5)

    session.refresh_from_db()
    texts = [event["text"] for event in session.events]
    assert session.state == SessionState.STARTING
    assert texts.count("Preparing your folder") == 1
    assert session.percent == 10


@pytest.mark.parametrize("goes", [Start.FAILS, Start.FAILS_AT_ONCE])
def test_a_start_that_fails_says_why_and_leaves_no_server(
    alice: User, hub: FakeHub, goes: Start
) -> None:
    hub.goes = goes

    session = launched(alice)

    assert session.state == SessionState.FAILED
    assert session.message == "The session ended at once (exit code 1)."
    assert not hub.servers


def test_a_failed_start_stands_on_the_timeline(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.FAILS

    session = launched(alice)

    newest = activity.timeline(alice, ("session", session.pk))[0]
    assert newest.level == "error"
    assert "exit code 1" in newest.text


def test_a_limit_of_the_hub_is_said_in_plain_words(alice: User, hub: FakeHub) -> None:
    for number in range(5):
        hub.run_elsewhere(alice.handle, f"s-{number:08x}")

    session = launched(alice)

    assert session.state == SessionState.FAILED
    assert "Stop one, then start this one." in session.message


def test_while_the_hub_is_down_the_session_waits_and_starts_by_itself(
    alice: User, hub: FakeHub
) -> None:
    for method in ("start", "get"):
        hub.fail_on(method, UpstreamUnavailable("JupyterHub does not answer."), times=2)
    session = services.launch(alice, environment="physics")
    work(turns=1)

    session.refresh_from_db()
    assert session.state == SessionState.QUEUED
    assert "starts by itself" in session.message

    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY


def test_a_hub_that_stays_down_ends_in_a_reason(alice: User, hub: FakeHub) -> None:
    for method in ("set_groups", "start", "get"):
        hub.fail_on(method, UpstreamUnavailable("JupyterHub does not answer."))
    session = launched(alice)
    assert session.state == SessionState.QUEUED
    begun = timezone.now() - changes.LONGEST_WAIT
    Operation.objects.filter(kind="session.start").update(created_at=begun)

    work()

    session.refresh_from_db()
    assert session.state == SessionState.FAILED
    assert session.message == "JupyterHub does not answer."


def test_an_upgrade_of_the_hub_fails_no_session_that_waits(alice: User, hub: FakeHub) -> None:
    for method in ("set_groups", "start", "get"):
        hub.fail_on(method, UpstreamUnavailable("JupyterHub does not answer."))
    session = launched(alice)
    assert hub.calls["set_groups"] > operations.MAX_ATTEMPTS

    hub.recover()
    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY


def test_an_upgrade_of_the_hub_fails_no_session_that_starts(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")
    work(turns=1)
    for method in ("progress", "get"):
        hub.fail_on(method, UpstreamUnavailable("JupyterHub does not answer."))
    work()
    assert hub.calls["progress"] > operations.MAX_ATTEMPTS

    hub.recover()
    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY


def test_a_start_that_timed_out_is_not_asked_twice(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")
    hub.users.add(alice.handle)
    hub.fail_on("start", UpstreamTimeout("JupyterHub did not answer in time."), times=1)
    work(turns=1)
    hub.run_elsewhere(alice.handle, session.server, profile="physics")

    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY
    assert hub.calls["start"] == 1


def test_a_worker_killed_after_the_start_starts_nothing_twice(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")
    hub.users.add(alice.handle)
    services.start(Operation.objects.get(kind="session.start"))
    Session.objects.filter(pk=session.pk).update(state=SessionState.QUEUED)

    work()

    session.refresh_from_db()
    assert session.state == SessionState.READY
    assert hub.calls["start"] == 1


def test_a_start_that_the_hub_forgot_is_failed(alice: User, hub: FakeHub) -> None:
    hub.goes = Start.HANGS
    session = services.launch(alice, environment="physics")
    work(turns=1)
    hub.servers.clear()

    work()

    session.refresh_from_db()
    assert session.state == SessionState.FAILED


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"environment": "nope"}, "environment"),
        ({"environment": "physics", "options": {"memory_gb": "999"}}, "options.memory_gb"),
        ({"environment": "physics", "options": {"colour": "red"}}, "options.colour"),
        ({"environment": "physics", "name": "x" * 101}, "name"),
        ({"environment": "physics", "datasets": ["no-scope"]}, "dataset"),
        ({"environment": "physics", "datasets": [f"cms:{n}" for n in range(21)]}, "dataset"),
    ],
)
def test_a_wish_that_can_not_be_met_names_its_field(
    alice: User, hub: FakeHub, wish: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.launch(alice, **wish)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert not Session.objects.exists()


def test_an_environment_of_other_groups_is_refused(alice: User, hub: FakeHub) -> None:
    with pytest.raises(Forbidden, match="/escape/gpu"):
        services.launch(alice, environment="gpu")


@pytest.mark.usefixtures("asks_rucio")
def test_launching_again_keeps_the_settings(alice: User, hub: FakeHub) -> None:
    first = services.launch(
        alice,
        environment="physics",
        options={"memory_gb": "4"},
        name="Fit",
        datasets=["cms:dimuon"],
    )

    second = services.launch_again(first)

    assert second.pk != first.pk
    assert (second.options, second.name, second.datasets) == (
        {"profile": "physics", "memory_gb": "4"}, "Fit", ["cms:dimuon"],
    )  # fmt: skip


def test_another_ones_session_is_not_found(alice: User, bob: User, hub: FakeHub) -> None:
    session = launched(alice)

    with pytest.raises(NotFound):
        services.get(bob, session.pk)
    with pytest.raises(NotFound):
        services.present_state(bob.pk, str(session.pk))


def test_the_usual_time_is_the_median_of_the_last_starts(alice: User, hub: FakeHub) -> None:
    assert services.usual_seconds(alice, "physics") is None

    for _ in range(3):
        launched(alice)

    usual = services.usual_seconds(alice, "physics")
    assert usual is not None
    assert 0 <= usual < 60


def test_too_many_sessions_at_the_site_is_not_retried_for_long(alice: User, hub: FakeHub) -> None:
    hub.users.add(alice.handle)
    hub.fail_on("start", QuotaExceeded("This site runs as many sessions as it can."))

    session = launched(alice)

    assert session.state == SessionState.FAILED
    assert hub.calls["start"] == 1


def test_many_starts_at_once_make_a_queue_that_tells_ones_turn(
    alice: User, bob: User, hub: FakeHub
) -> None:
    hub.fail_on("start", ManyStarts(30, service="jupyterhub"))
    first = services.launch(bob, environment="physics")
    mine = services.launch(alice, environment="physics")
    for operation in Operation.objects.all():
        operations.advance(operation.pk)
    mine.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, mine.state) == (SessionState.QUEUED, SessionState.QUEUED)
    assert "Yours is the next one" in first.message
    assert "1 waits before yours" in mine.message

    hub.recover()
    work()

    mine.refresh_from_db()
    assert mine.state == SessionState.READY
