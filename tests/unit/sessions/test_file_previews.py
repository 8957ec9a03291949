"""A session's file has a preview: by the same workers, for its owner and this version alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from data_mgmt.services.previews import State
from sessions.models import Session
from sessions.services import file_previews, files
from tests.fakes.running import FakeRunning, FakeSession
from tests.unit.sessions.conftest import launched
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db

CSV = b"x,y\n1,2\n3,5\n"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def home(session: Session, running: FakeRunning) -> FakeSession:
    """What is in it."""
    found = running.of(session.user.handle, session.server)
    found.files |= {"a.csv": CSV, "empty.txt": b""}
    return found


def key_of(session: Session, path: str) -> str:
    entry = files.look(session, path)
    return previews.key_of(file_previews._subject(session, entry), Options())


def made(session: Session, path: str, key: str = "") -> None:
    """Make what the queue would."""
    where = f"{session.pk}/{path}"
    file_previews.make(session.user_id, where, Options(), key or key_of(session, path))


def test_a_file_is_shown_with_its_preview_once_it_is_made(
    browser: Client, session: Session, home: FakeSession
) -> None:
    page = f"/sessions/{session.pk}/files/a.csv"

    waiting = browser.get(page).text
    made(session, "a.csv")
    fragment = browser.get(f"{page}?tab=preview&fragment=preview").text

    assert 'data-live="preview:' in waiting
    assert "?tab=preview&amp;fragment=preview" in waiting
    assert '<svg class="chart"' in fragment
    assert "<html" not in fragment
    assert '<svg class="chart"' in browser.get(page).text


def test_a_preview_is_of_one_person_and_one_version_of_the_file(
    session: Session, home: FakeSession, bob: User, running: FakeRunning
) -> None:
    made(session, "a.csv")
    other = launched(bob)
    running.of(bob.handle, other.server).files["a.csv"] = CSV

    def state(of: Session) -> State:
        return file_previews.preview(of, files.look(of, "a.csv"), Options()).state

    assert state(session) is State.READY
    assert state(other) is State.MAKING
    home.files["a.csv"] = CSV + b"4,6\n"
    assert state(session) is State.MAKING


def test_a_file_that_changed_meanwhile_is_not_kept_as_the_old_one(
    session: Session, home: FakeSession
) -> None:
    entry, key = files.look(session, "a.csv"), key_of(session, "a.csv")
    home.files["a.csv"] = b"another file by now"

    made(session, "a.csv", key)

    with pytest.raises(UpstreamUnavailable, match="changed meanwhile"):
        file_previews.preview(session, entry, Options())


def test_a_file_that_shrinks_while_it_is_read_is_told(session: Session, home: FakeSession) -> None:
    file = file_previews.SessionFile(session, files.look(session, "a.csv"))
    assert file.read_at(2, 3) == CSV[2:5]
    home.files["a.csv"] = CSV[:5]

    with pytest.raises(UpstreamUnavailable, match="changed while it was read"):
        file.read_at(2, 8)


def test_an_empty_file_says_so(browser: Client, session: Session, home: FakeSession) -> None:
    answer = browser.get(f"/sessions/{session.pk}/files/empty.txt")

    assert answer.status_code == 200
    assert "empty" in answer.text
