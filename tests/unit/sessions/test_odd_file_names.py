"""Names that Linux takes and no address can hold: the folder shows all others, and says so."""

from __future__ import annotations

import pytest
from django.test import Client

from sessions.models import Session
from sessions.services import files, paths
from tests.fakes.running import FakeRunning, FakeSession

pytestmark = pytest.mark.django_db

ODD = ["a\nb.csv", "\udce9t\udce9.csv", "a\u202eb.csv", "x" * 300, "a\0b"]


@pytest.fixture
def home(session: Session, running: FakeRunning) -> FakeSession:
    """What is in it."""
    found = running.of(session.user.handle, session.server)
    found.files |= {"good.csv": b"x,y\n", "odd": None, "odd/\n": b"", ".vre": None}
    return found


@pytest.mark.parametrize("name", ODD)
def test_a_folder_is_shown_without_a_name_that_can_not_be(
    browser: Client, session: Session, home: FakeSession, name: str
) -> None:
    home.files[name] = b"1"

    page = browser.get(f"/sessions/{session.pk}/files/")
    told = browser.get(f"/api/v1/sessions/{session.pk}/files")

    assert page.status_code == 200
    assert "good.csv" in page.text
    assert "The name of 1 more can't be shown" in page.text
    assert [one["name"] for one in told.json()["items"]] == ["odd", "good.csv"]


def test_a_folder_of_nothing_else_is_not_said_to_be_empty(
    browser: Client, session: Session, home: FakeSession
) -> None:
    home.files["odd/\t"] = b""

    text = browser.get(f"/sessions/{session.pk}/files/odd").text

    assert "The names of 2 more can't be shown" in text
    assert "Nothing is in this folder" not in text


def test_hidden_files_are_not_counted(session: Session, home: FakeSession) -> None:
    found = files.browse(session, "")

    assert [one.name for one in found.entries] == ["odd", "good.csv"]
    assert found.unshown == 0


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "a\0b", "\udce9", "x" * 256])
def test_what_is_no_name(name: str) -> None:
    assert not paths.is_name(name)


@pytest.mark.parametrize("name", ["a", "é" * 127, "a b", ".hidden", "…"])
def test_what_is_a_name(name: str) -> None:
    assert paths.is_name(name)
