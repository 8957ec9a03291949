"""Who may not act, or is gone, has nothing running at the hub, whoever started it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts import deletion, merging, suspension
from accounts.models import User
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import Conflict, UpstreamUnavailable


def test_a_suspended_persons_sessions_are_stopped(alice: User, hub: FakeHub) -> None:
    session = launched(alice)

    suspension.suspend(alice, reason="incident")
    work()

    assert Session.objects.get(pk=session.pk).state == SessionState.STOPPED
    assert not hub.servers


@pytest.mark.parametrize("server", ["", "my-own", "s-0123abcd"])
def test_what_a_suspended_person_starts_at_the_hub_is_taken_down(
    alice: User, hub: FakeHub, server: str
) -> None:
    suspension.suspend(alice, reason="incident")
    hub.run_elsewhere(alice.handle, server)

    services.reconcile()

    assert not hub.servers
    assert not Session.objects.exists()


def test_a_session_that_outlived_the_suspension_is_stopped(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    services.reconcile()
    work()

    assert Session.objects.get(pk=session.pk).state == SessionState.STOPPED
    assert not hub.servers


def test_a_session_stopped_before_the_suspension_is_not_shown_again(
    alice: User, hub: FakeHub
) -> None:
    session = launched(alice)
    suspension.suspend(alice, reason="incident")
    work()
    hub.run_elsewhere(alice.handle, session.server)

    services.reconcile()

    assert Session.objects.get(pk=session.pk).state == SessionState.STOPPED
    assert not hub.servers


def test_servers_of_people_who_leave_are_taken_down(alice: User, hub: FakeHub) -> None:
    alice.delete_after = timezone.now()
    alice.save()
    hub.run_elsewhere(alice.handle, "my-own")

    services.reconcile()

    assert not hub.servers


def test_servers_of_a_merged_account_are_taken_down(alice: User, bob: User, hub: FakeHub) -> None:
    merging.merge(survivor=bob, absorbed=alice)
    hub.run_elsewhere(alice.handle, "")
    hub.run_elsewhere(bob.handle, "")

    services.reconcile()

    assert list(hub.servers) == [(bob.handle, "")]


def test_a_running_session_keeps_an_account_from_being_merged(
    alice: User, bob: User, hub: FakeHub
) -> None:
    session = launched(alice)

    with pytest.raises(Conflict, match=session.name):
        merging.merge(survivor=bob, absorbed=alice)


def test_servers_of_a_deleted_account_are_taken_down(alice: User, hub: FakeHub) -> None:
    handle = alice.handle
    deletion.delete(alice)
    hub.run_elsewhere(handle, "s-0123abcd")
    hub.run_elsewhere("somebody-else", "s-0123abcd")

    services.reconcile()

    assert list(hub.servers) == [("somebody-else", "s-0123abcd")]


def test_an_account_waits_to_be_deleted_until_its_sessions_are_gone(
    alice: User, hub: FakeHub
) -> None:
    launched(alice)
    hub.fail_on("stop", UpstreamUnavailable("JupyterHub does not answer."))

    before = deletion.is_ending(alice)
    work()
    while_the_hub_is_down = deletion.is_ending(alice)
    hub.recover()
    work()

    assert before
    assert while_the_hub_is_down
    assert not deletion.is_ending(alice)
    assert not hub.servers


def test_one_server_that_does_not_stop_keeps_no_other_running(
    alice: User, bob: User, hub: FakeHub
) -> None:
    for person in (alice, bob):
        suspension.suspend(person, reason="incident")
        hub.run_elsewhere(person.handle, "my-own")
    hub.fail_on("stop", UpstreamUnavailable("JupyterHub does not answer."), times=1)

    services.reconcile()
    assert len(hub.servers) == 1
    services.reconcile()

    assert not hub.servers
