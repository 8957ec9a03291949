"""Captures from a session whose server means harm: bounded in folders, depth, bytes and time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import User
from reproducibility.models import Capture, CaptureState
from reproducibility.services.captures import starting
from sessions.backends.running import get_running
from sessions.models import Session
from tests.fakes.hostile_session import Malice, hostile
from tests.unit.reproducibility.capturing.conftest import read
from vre_portal import session_gathering
from vre_portal.config import get_config


@pytest.fixture
def malice(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Malice]:
    """Alice's session, from now on with a server of her own making."""
    told = Malice()
    with hostile(told) as address:
        monkeypatch.setenv("VRE_HUB_URL", address)
        backend = "sessions.backends.jupyter_server.JupyterServer"
        monkeypatch.setenv("VRE_RUNNING_BACKEND", backend)
        for cached in (get_config, get_running):
            cached.cache_clear()
        yield told
    monkeypatch.undo()
    for cached in (get_config, get_running):
        cached.cache_clear()


def captured(alice: User, session: Session, path: str = "zpeak") -> Capture:
    return read(starting.start(alice, "session", {"session": str(session.pk), "path": path}))


def test_folders_without_end_are_refused_soon(
    alice: User, session: Session, malice: Malice
) -> None:
    malice.folders = 100

    capture = captured(alice, session)

    assert capture.state == CaptureState.FAILED
    assert "more than 2,000 folders" in capture.message
    assert malice.asked["list"] <= 21


def test_folders_in_folders_without_end_are_refused_soon(
    alice: User, session: Session, malice: Malice
) -> None:
    malice.folders = 1

    capture = captured(alice, session)

    assert capture.state == CaptureState.FAILED
    assert "lie deeper than" in capture.message
    assert malice.asked["list"] <= session_gathering.MOST_DEPTH + 1


def test_a_body_without_end_is_left_as_soon_as_the_wanted_bytes_are_there(
    alice: User, session: Session, malice: Malice
) -> None:
    malice.files = ("fit.py",)

    capture = captured(alice, session)

    assert capture.state == CaptureState.PROPOSED, capture.message
    assert bytes(capture.files.get(path="fit.py").content or b"") == b"endless en"
    assert malice.left.wait(5), "the stream stayed open"
    assert malice.sent < 64 << 20


def test_the_gathering_as_a_whole_has_a_deadline(
    alice: User, session: Session, malice: Malice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_gathering, "LONGEST_SECONDS", 0.0)
    malice.folders = 1

    capture = captured(alice, session)

    assert capture.state == CaptureState.FAILED
    assert "took longer than" in capture.message
    assert malice.asked["list"] <= 1
