"""The adapter to REANA, against a server that answers what a test wrote for it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from accounts.credentials import Credential
from reproducibility.backends import AUDIENCE
from reproducibility.backends.reana import ReanaBackend
from tests.unit.reproducibility.backends.wire import BUNDLES, Wire, serve
from vre_portal.config import get_config

TOKEN = "s3cr3t-opaque-token"
Speaks = Callable[[str], Wire]


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backend(clock: Clock) -> ReanaBackend:
    return ReanaBackend(clock)


@pytest.fixture
def who() -> Credential:
    later = datetime.now(UTC) + timedelta(minutes=5)
    return Credential(uuid.uuid4(), "ada", AUDIENCE, TOKEN, later)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A REANA of 0.9 whose tokens come by exchange."""
    made = Wire()
    with serve(made) as url:
        monkeypatch.setenv("VRE_REANA_URL", url)
        get_config.cache_clear()
        yield made
        monkeypatch.undo()
        get_config.cache_clear()


@pytest.fixture
def speaks(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Speaks:
    """Let the server speak a dialect: A (0.9), B and C (0.95, before and since it takes JWT)."""

    def speak(dialect: str) -> Wire:
        stored = dialect in {"A", "B"}
        monkeypatch.setenv("VRE_REANA_TOKENS", "stored" if stored else "exchange")
        get_config.cache_clear()
        wire.capabilities = [] if dialect == "A" else [BUNDLES]
        return wire

    return speak


@pytest.fixture
def nobody_there(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A REANA that takes no connection."""
    monkeypatch.setenv("VRE_REANA_URL", "http://127.0.0.1:9")
    get_config.cache_clear()
