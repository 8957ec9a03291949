"""Two things at once, and workers killed in between: nothing is lost, and nothing runs on."""

from __future__ import annotations

import pytest

from accounts.models import User
from sessions import services
from sessions.backends import ServerState
from sessions.models import Session, SessionState
from sessions.services.repository_links import RepositoryLink
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from tests.unit.sessions.moments import (
    NEW_OPERATION,
    Killed,
    before,
    die,
    free_leases,
    of_kind,
    reloaded,
    step,
)
from tests.unit.sessions.test_ends import HOUR, MINUTE
from tests.unit.sessions.test_ends import running as lived
from vre_portal.config import get_config
from vre_portal.errors import Conflict, QuotaExceeded, UpstreamTimeout
from vre_portal.models import Operation, OperationState

LINK = RepositoryLink("https://git.example.org/lab/fits.git")


@pytest.fixture
def one_each(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with one session for each person."""
    monkeypatch.setenv("VRE_SESSIONS_PER_PERSON", "1")
    get_config.cache_clear()


def test_a_take_down_that_was_done_takes_nothing_that_started_again(
    alice: User, hub: FakeHub
) -> None:
    session = launched(alice)
    services.restart(session)
    services.take_down(of_kind("session.stop"))  # and killed before it said so
    step("session.start")
    step("session.follow")

    work()

    assert reloaded(session).state == SessionState.READY
    assert hub.state_of(alice.handle, session.server) is ServerState.READY


def test_a_restart_called_off_while_the_hub_stops_the_server_is_none(
    alice: User, hub: FakeHub
) -> None:
    session = launched(alice)
    services.restart(session)
    hub.meanwhile("stop", lambda: services.stop(reloaded(session)))

    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def cancelled(session: Session) -> None:
    """Cancel a start, and find nothing at the hub yet."""
    services.stop(reloaded(session))
    step("session.stop")


def test_a_start_that_timed_out_and_was_cancelled_leaves_no_server(
    alice: User, hub: FakeHub
) -> None:
    session = services.launch(alice, environment="physics")
    hub.users.add(alice.handle)
    hub.meanwhile("start", lambda: cancelled(session))
    hub.fail_on("start", UpstreamTimeout("JupyterHub did not answer in time."), times=1)
    step("session.start")
    hub.run_elsewhere(alice.handle, session.server, profile="physics")

    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_a_take_down_that_found_nothing_yet_is_not_the_last(alice: User, hub: FakeHub) -> None:
    session = services.launch(alice, environment="physics")
    hub.users.add(alice.handle)

    def looked_too_early() -> None:
        services.stop(reloaded(session))
        services.take_down(of_kind("session.stop"))

    hub.meanwhile("start", looked_too_early)
    first = Operation.objects.filter(kind="session.stop")
    step("session.start")
    assert hub.servers
    first.filter(key__endswith=":0").update(state=OperationState.DONE)

    work()

    assert reloaded(session).state == SessionState.STOPPED
    assert not hub.servers


def test_a_repository_asked_for_while_the_start_is_followed_is_fetched(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = services.launch(alice, environment="physics")
    hub.meanwhile("progress", lambda: services.fetch_repository(session, LINK))

    work()

    assert reloaded(session).repository["state"] == "ready"


def test_another_repository_asked_for_meanwhile_takes_the_place_of_the_first(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = services.launch(alice, environment="physics", repository=LINK)
    other = RepositoryLink("https://git.example.org/lab/other")
    hub.meanwhile("progress", lambda: services.fetch_repository(session, other))

    work()

    assert reloaded(session).repository["folder"] == "repositories/other"


def test_a_worker_killed_while_it_says_ready_fetches_the_repository_later(
    alice: User, running: FakeRunning
) -> None:
    session = services.launch(alice, environment="physics", repository=LINK)
    step("session.start")
    with before(NEW_OPERATION, die), pytest.raises(Killed):
        step("session.follow")
    free_leases()

    work()

    assert reloaded(session).state == SessionState.READY
    assert reloaded(session).repository["state"] == "ready"


def test_an_extension_in_the_last_moment_counts(alice: User, hub: FakeHub) -> None:
    session = lived(alice, lived=8 * HOUR + MINUTE)

    with before("FOR UPDATE", lambda: services.extend(reloaded(session))):
        services.watch_ends()

    assert reloaded(session).state == SessionState.READY


def test_two_datasets_opened_at_once_are_both_kept(
    alice: User, running: FakeRunning, asks_rucio: None
) -> None:
    session = launched(alice)
    first, second = reloaded(session), reloaded(session)

    services.open_dataset(first, "cms:dimuon")
    services.open_dataset(second, "astro:m13")

    assert reloaded(session).datasets == ["astro:m13", "cms:dimuon"]


def test_what_runs_again_is_not_removed_by_an_old_page(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.stop(session)
    work()
    as_shown = reloaded(session)
    hub.run_elsewhere(alice.handle, session.server)
    services.reconcile()

    with pytest.raises(Conflict):
        services.remove(as_shown)

    assert services.visible_to(alice).exists()


@pytest.mark.usefixtures("one_each")
def test_two_launches_at_once_do_not_pass_the_limit(alice: User) -> None:
    with (
        before("FOR NO KEY UPDATE", lambda: services.launch(alice, environment="light")),
        pytest.raises(QuotaExceeded),
    ):
        services.launch(alice, environment="physics")

    assert not Session.objects.filter(environment="physics").exists()
