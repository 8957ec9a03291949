"""What sessions use is asked in rounds: one at a time, bounded, and told to the pages that look."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sessions import services
from sessions.models import Session
from sessions.services import sampling
from sessions.services.sampling import looked_at
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched
from vre_portal.config import get_config
from vre_portal.errors import UpstreamTimeout
from vre_portal.live import group_of

PAGE = "test-page-of-a-session"
Commits = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def session(alice: User, running: FakeRunning) -> Session:
    """A session that nobody has asked yet, whose page is open."""
    made = launched(alice)
    looked_at([str(made.pk)])
    return made


def silence(running: FakeRunning, session: Session, *, is_silent: bool = True) -> None:
    running.of(session.user.handle, session.server).is_silent = is_silent


def usage_of(session: Session) -> object:
    session.refresh_from_db()
    return services.usage_of(session)


@async_to_sync
async def listen(topic: str) -> None:
    layer: Any = get_channel_layer()
    await layer.group_add(group_of(topic), PAGE)


@async_to_sync
async def say(topic: str, kind: str) -> None:
    layer: Any = get_channel_layer()
    await layer.group_send(group_of(topic), {"type": kind})


@async_to_sync
async def heard(last: str) -> list[str]:
    """Return the kinds of messages that came, to the last one."""
    layer: Any = get_channel_layer()
    found: list[str] = []
    while last not in found:
        found.append((await layer.receive(PAGE))["type"])
    return found


def test_a_silent_session_keeps_nobody_from_their_figures(
    session: Session, bob: User, running: FakeRunning
) -> None:
    other = launched(bob)
    silence(running, session)

    services.sample()

    assert usage_of(session) is None
    assert usage_of(other) is not None


def test_a_session_to_which_the_hub_gives_no_token_waits_for_its_next_turn(
    alice: User, hub: FakeHub, running: FakeRunning
) -> None:
    session = launched(alice)
    hub.fail_on("mint_token", UpstreamTimeout("JupyterHub did not answer in time."))

    services.sample()
    services.sample()

    session.refresh_from_db()
    assert session.usage_at is not None
    assert hub.calls["mint_token"] == 1


def test_a_new_session_is_asked_before_those_that_are_asked_again(
    session: Session, bob: User, running: FakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.sample()
    Session.objects.update(usage_at=timezone.now() - timedelta(hours=1))
    new = launched(bob)
    monkeypatch.setattr(sampling, "MOST", 1)

    services.sample()

    assert usage_of(new) is not None


def test_a_round_leaves_the_sessions_to_the_one_that_goes_on(
    session: Session, running: FakeRunning
) -> None:
    cache.add(sampling.ROUND, 1)
    services.sample()
    asked_beside_it = running.calls["usage"]
    cache.delete(sampling.ROUND)

    services.sample()
    services.sample()

    assert (asked_beside_it, running.calls["usage"]) == (0, 2)


def test_nobody_is_asked_while_the_hub_is_known_to_be_down(
    session: Session, hub: FakeHub, running: FakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_HUB_API_URL", "http://hub.test/hub/api")
    get_config.cache_clear()
    minted = hub.calls["mint_token"]
    cache.set("backend:jupyterhub", {"up": False, "since": timezone.now()})

    services.sample()

    assert hub.calls["mint_token"] == minted
    assert session.usage_at is None


def test_a_page_is_told_once_that_a_session_says_nothing_and_again_when_it_does(
    session: Session, running: FakeRunning, django_capture_on_commit_callbacks: Commits
) -> None:
    topic = f"session:{session.pk}"
    listen(topic)
    silence(running, session)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            services.sample()
    say(topic, "it tells")
    silence(running, session, is_silent=False)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            services.sample()
    say(topic, "end")

    assert heard("end") == ["live.event", "it tells", "live.event", "end"]


def test_the_page_says_whether_the_session_was_asked(
    browser: Client, session: Session, running: FakeRunning
) -> None:
    silence(running, session)
    before = browser.get(f"/sessions/{session.pk}").text

    services.sample()

    assert "This takes a few seconds" in before
    after = browser.get(f"/sessions/{session.pk}").text
    assert "The session does not tell what it uses." in after
    assert "This takes a few seconds" not in after
