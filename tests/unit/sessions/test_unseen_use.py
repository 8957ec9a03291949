"""Use that nobody could see: an end without use waits until the hub was looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from activity.models import Event
from sessions import services, tasks
from sessions.end_banner import banner
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub
from tests.unit.sessions.moments import reloaded
from tests.unit.sessions.test_ends import HOUR, MINUTE, running
from vre_portal.errors import UpstreamUnavailable

OUTAGE = 2 * HOUR


@pytest.fixture
def unseen(alice: User, hub: FakeHub) -> Session:
    """A session that ends after an hour without use; the hub was silent for two."""
    session = running(alice, lived=OUTAGE, minutes_idle=60)
    Session.objects.filter(pk=session.pk).update(checked_at=timezone.now() - OUTAGE)
    hub.fail_on("list_active", UpstreamUnavailable("JupyterHub does not answer."))
    return session


def test_nobody_is_stopped_as_idle_while_the_hub_is_silent(unseen: Session) -> None:
    tasks.reconcile()
    services.watch_ends()

    assert reloaded(unseen).state == SessionState.READY


def test_nobody_is_warned_of_it_either(unseen: Session, alice: User) -> None:
    now = timezone.now()
    Session.objects.filter(pk=unseen.pk).update(last_activity_at=now - 50 * MINUTE)

    services.watch_ends()

    assert not Event.objects.filter(verb="session.ending").exists()
    shown = banner(alice)
    assert shown is not None
    assert shown.values["warned"] == []


@pytest.mark.parametrize("looked", [timedelta(seconds=90), None])
def test_the_portal_looks_often_enough_to_tell(unseen: Session, looked: timedelta | None) -> None:
    checked_at = None if looked is None else timezone.now() - looked
    Session.objects.filter(pk=unseen.pk).update(checked_at=checked_at)

    services.watch_ends()

    stopped = reloaded(unseen).state == SessionState.STOPPING
    assert stopped is (looked is not None)


def test_a_silent_hub_puts_the_end_of_a_life_off_for_nobody(unseen: Session) -> None:
    Session.objects.filter(pk=unseen.pk).update(expires_at=timezone.now() - MINUTE)

    services.watch_ends()

    assert reloaded(unseen).state == SessionState.STOPPING


def test_when_the_hub_is_back_time_without_use_begins_anew(unseen: Session, hub: FakeHub) -> None:
    hub.recover()
    found = hub.servers[unseen.user.handle, unseen.server]
    assert found.server.last_activity is not None
    before = timezone.now()

    services.reconcile()
    services.watch_ends()

    session = reloaded(unseen)
    assert session.state == SessionState.READY
    assert session.last_activity_at is not None
    assert session.last_activity_at >= before


def test_what_is_seen_all_the_time_counts_as_the_hub_counts_it(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=OUTAGE, minutes_idle=60)
    found = hub.servers[alice.handle, session.server].server

    services.reconcile()

    assert reloaded(session).last_activity_at == found.last_activity
