"""Ends of sessions: counted down, warned of in time, put off, and kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from activity.models import Event
from sessions import services
from sessions.end_banner import banner
from sessions.models import Session, SessionState
from sessions.services.ends import Cause, ends_of, next_end
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import Conflict, UpstreamUnavailable

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
POLICY = {
    "lifetime_hours": 8,
    "max_lifetime_hours": 24,
    "extend_hours": 8,
    "minutes_idle": 720,
    "opens": "lab",
}


def running(user: User, *, lived: timedelta = timedelta(), **policy: Any) -> Session:
    """Return a session that became ready so long ago, under a policy."""
    session = launched(user)
    ready_at = timezone.now() - lived
    session.policy = POLICY | policy
    hours = session.policy["lifetime_hours"]
    session.ready_at = session.last_activity_at = ready_at
    session.expires_at = ready_at + hours * HOUR if hours else None
    session.save()
    return session


def test_a_session_lives_as_long_as_its_option_says(alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    session.policy = POLICY

    assert session.ready_at is not None
    assert [end.cause for end in ends_of(running(alice))] == [Cause.LIFE, Cause.IDLE]


def test_without_a_limit_there_is_no_end(alice: User, hub: FakeHub) -> None:
    session = running(alice, lifetime_hours=None, minutes_idle=None)

    assert ends_of(session) == []
    services.watch_ends()
    session.refresh_from_db()
    assert session.state == SessionState.READY


def test_the_owner_is_warned_a_quarter_of_an_hour_before_once(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=8 * HOUR - 14 * MINUTE)

    services.watch_ends()
    services.watch_ends()

    warnings = Event.objects.filter(user=alice, verb="session.ending")
    assert [event.level for event in warnings] == ["warning"]
    assert session.name in warnings[0].text
    assert warnings[0].url.endswith(str(session.pk))


def test_a_life_that_ends_where_nobody_used_it_before_is_warned_of(
    alice: User, hub: FakeHub
) -> None:
    session = running(alice, lived=HOUR, minutes_idle=60)
    now = timezone.now()
    Session.objects.filter(pk=session.pk).update(
        last_activity_at=now - 55 * MINUTE, expires_at=now + 12 * MINUTE
    )
    services.watch_ends()
    Session.objects.filter(pk=session.pk).update(last_activity_at=now)

    services.watch_ends()
    services.watch_ends()

    warnings = Event.objects.filter(user=alice, verb="session.ending").order_by("at")
    assert ["its time is over" in event.text for event in warnings] == [False, True]


def test_nobody_is_warned_too_early(alice: User, hub: FakeHub) -> None:
    running(alice, lived=8 * HOUR - 16 * MINUTE)

    services.watch_ends()

    assert not Event.objects.filter(verb="session.ending").exists()


def test_a_short_life_is_warned_of_when_a_quarter_is_left(alice: User, hub: FakeHub) -> None:
    session = running(alice, lifetime_hours=0.5, lived=20 * MINUTE)
    end = next_end(session)

    assert end is not None
    assert end.at - end.warn_at == 7.5 * MINUTE


def test_extending_moves_the_end_and_the_warning_comes_again(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=8 * HOUR - 10 * MINUTE)
    services.watch_ends()
    before = session.expires_at

    session.refresh_from_db()
    services.extend(session)

    session.refresh_from_db()
    assert session.expires_at is not None
    assert before is not None
    assert session.expires_at - before == 8 * HOUR
    assert hub.calls["touch"] == 1
    Session.objects.filter(pk=session.pk).update(
        expires_at=timezone.now() + 5 * MINUTE, warned_of=before - HOUR
    )
    services.watch_ends()
    assert Event.objects.filter(verb="session.ending").count() == 2


def test_nothing_is_extended_beyond_the_sites_policy(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=7 * HOUR, max_lifetime_hours=10)

    services.extend(session)

    session.refresh_from_db()
    assert session.ready_at is not None
    assert session.expires_at == session.ready_at + 10 * HOUR
    with pytest.raises(Conflict, match="at most 10 hours"):
        services.extend(session)


def test_an_unused_session_goes_on_when_it_is_extended(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=65 * MINUTE, lifetime_hours=None, minutes_idle=70)
    end = next_end(session)
    assert end is not None
    assert end.cause is Cause.IDLE

    services.extend(session)

    later = next_end(session)
    assert later is not None
    assert later.at > end.at + 60 * MINUTE


def test_a_hub_that_is_down_does_not_keep_from_extending(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=8 * HOUR - 10 * MINUTE)
    hub.fail_on("touch", UpstreamUnavailable("JupyterHub does not answer."))

    services.extend(session)

    session.refresh_from_db()
    assert session.expires_at is not None
    assert session.expires_at > timezone.now() + HOUR


def test_a_life_that_is_over_is_stopped_and_said_so(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=8 * HOUR + MINUTE)

    services.watch_ends()
    work()

    session.refresh_from_db()
    assert session.state == SessionState.STOPPED
    assert hub.state_of(alice.handle, session.server) is None
    assert any("time is over" in event["text"] for event in session.events)


def test_a_session_that_nobody_used_is_stopped(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=2 * HOUR, minutes_idle=60)

    services.watch_ends()
    work()

    session.refresh_from_db()
    assert session.state == SessionState.STOPPED
    assert any("Nobody used" in event["text"] for event in session.events)


def test_use_puts_the_idle_stop_off(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=2 * HOUR, minutes_idle=60)
    Session.objects.filter(pk=session.pk).update(last_activity_at=timezone.now())

    services.watch_ends()

    session.refresh_from_db()
    assert session.state == SessionState.READY


def test_older_news_of_the_hub_does_not_undo_an_extension(alice: User, hub: FakeHub) -> None:
    session = running(alice, lived=HOUR)
    now = timezone.now()
    Session.objects.filter(pk=session.pk).update(last_activity_at=now + MINUTE)

    services.reconcile()

    session.refresh_from_db()
    assert session.last_activity_at == now + MINUTE


def test_every_page_warns_and_extends_in_one_click(
    alice: User, hub: FakeHub, browser: Client
) -> None:
    session = running(alice, lived=8 * HOUR - 10 * MINUTE)

    page = browser.get("/inbox/")

    assert "is about to end" in page.text
    assert f"/sessions/{session.pk}/extend" in page.text
    came_from = "http://testserver/inbox/?kind=all"
    answer = browser.post(f"/sessions/{session.pk}/extend", headers={"Referer": came_from})
    assert answer.headers["Location"] == came_from
    assert "is about to end" not in browser.get("/inbox/").text
    assert "is about to end" not in browser.get("/sessions/ending").text


def test_the_way_back_stays_on_this_portal(alice: User, hub: FakeHub, browser: Client) -> None:
    session = running(alice, lived=HOUR)

    answer = browser.post(
        f"/sessions/{session.pk}/extend", headers={"Referer": "https://evil.test/"}
    )

    assert answer.headers["Location"] == "/"


def test_whoever_has_no_session_sees_and_watches_nothing(alice: User, hub: FakeHub) -> None:
    assert banner(alice) is None


def test_other_peoples_ends_are_not_shown(alice: User, bob: User, hub: FakeHub) -> None:
    running(alice, lived=8 * HOUR - 10 * MINUTE)

    assert banner(bob) is None


def test_only_what_runs_is_extended(alice: User, hub: FakeHub) -> None:
    session = running(alice)
    services.stop(session)

    with pytest.raises(Conflict):
        services.extend(session)
