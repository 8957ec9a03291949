"""A builder in memory beside the hub in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from sessions.backends.building import get_builder
from sessions.models import Build
from sessions.services import builds
from tests.factories import make_user
from tests.fakes.builder import FakeBuilder
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import work
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.models import Operation, OperationState

GROUP = "/escape/cms"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder that portal and hub share."""
    return tmp_path / "built"


@pytest.fixture
def builder(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, built: Path) -> Iterator[FakeBuilder]:
    """Who makes environments."""
    monkeypatch.setenv("VRE_ENVIRONMENT_BUILDER", "tests.fakes.builder.FakeBuilder")
    monkeypatch.setenv("VRE_BUILT_ENVIRONMENTS_FOLDER", str(built))
    monkeypatch.setenv("VRE_BUILD_LIKE", "physics")
    get_config.cache_clear()
    get_builder.cache_clear()
    fake = get_builder()
    assert isinstance(fake, FakeBuilder)
    yield fake
    get_builder.cache_clear()


@pytest.fixture
def member(db: None) -> User:
    """Somebody in a group."""
    return _in_group("member")


@pytest.fixture
def colleague(db: None) -> User:
    """Somebody else in that group."""
    return _in_group("colleague")


def _in_group(name: str) -> User:
    user = make_user(name)
    user.groups = [GROUP]
    user.save()
    return user


def asked(user: User, text: str = "astropy", *, title: str = "Mine") -> Build:
    """Ask for an environment of these packages."""
    return builds.make(user, title=title, text=text)


def made(user: User, text: str = "astropy", *, title: str = "Mine") -> Build:
    """Return one that the worker has brought as far as it gets."""
    build = asked(user, text, title=title)
    work()
    build.refresh_from_db()
    return build


def turn() -> None:
    """Give each waiting operation one turn."""
    waiting = Operation.objects.filter(state=OperationState.WAITING).order_by("created_at")
    for pk in list(waiting.values_list("pk", flat=True)):
        Operation.objects.update(due_at=timezone.now())
        operations.advance(pk)
