"""What somebody has entered or where they are in a list is not lost."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from sessions import services
from sessions.models import Session, SessionState
from tests.fakes.data import FakeDataBackend
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import Conflict, UpstreamUnavailable

pytestmark = pytest.mark.django_db
TYPED = """
        unlisted_choice: {title: Other, sets: memory_gb, validation_regex: "^[0-9]{1,2}$"}
"""


@pytest.mark.usefixtures("asks_rucio")
def test_while_rucio_is_silent_the_form_stays_filled_in(
    browser: Client, hub: FakeHub, data_backend: FakeDataBackend
) -> None:
    form = {"environment": "physics", "dataset": "cms:dimuon", "name": "My fit"}

    with data_backend.down(UpstreamUnavailable("Rucio does not answer.")):
        answer = browser.post("/sessions/new", form)

    assert answer.status_code == UpstreamUnavailable.status
    assert 'value="My fit"' in answer.text
    assert "does not tell whether this is under embargo" in answer.text


def test_without_the_dataset_the_rest_of_the_form_stays(browser: Client, hub: FakeHub) -> None:
    form = {"environment": "physics", "name": "My fit", "dataset": "cms:dimuon"}

    answer = browser.post("/sessions/new", {**form, "as": "without-dataset"})

    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["name"] == ["My fit"]
    assert "dataset" not in asked
    assert not Session.objects.exists()


def test_without_the_repository_the_rest_of_the_form_stays(browser: Client, hub: FakeHub) -> None:
    form = {"environment": "physics", "name": "My fit", "repository": "https://git.example/a/b",
            "ref": "v1", "path": "fit.ipynb"}  # fmt: skip

    answer = browser.post("/sessions/new", {**form, "as": "without-repository"})

    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["name"] == ["My fit"]
    assert not asked.keys() & {"repository", "ref", "path"}


def test_a_restart_offers_what_was_typed(
    browser: Client, alice: User, hub: FakeHub, environments_file: Path
) -> None:
    known = environments_file.read_text()
    last = '          "4": {title: 4 GB, memory_gb: 4}\n'
    environments_file.write_text(known.replace(last, f"{last.rstrip()}{TYPED}"))
    session = services.launch(
        alice, environment="physics", options={"memory_gb--unlisted-choice": "7"}
    )
    work()
    page = browser.get(f"/sessions/{session.pk}/restart").text

    entered = {"memory_gb": "2", "memory_gb--unlisted-choice": "9"}
    browser.post(f"/sessions/{session.pk}/restart", entered)

    session.refresh_from_db()
    assert 'value="7"' in page
    assert session.restart_with is not None
    assert session.restart_with["options"]["memory_gb--unlisted-choice"] == "9"


def test_a_restart_that_is_refused_is_told_on_its_form(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    session = launched(alice)
    services.stop(session)

    answer = browser.post(f"/sessions/{session.pk}/restart", {"memory_gb": "4"})

    assert answer.status_code == Conflict.status
    assert "Only a session that runs can be restarted." in answer.text


def test_a_restart_can_be_given_up_on_its_page(browser: Client, alice: User, hub: FakeHub) -> None:
    session = launched(alice)
    services.restart(session)

    page = browser.get(f"/sessions/{session.pk}").text
    browser.post(f"/sessions/{session.pk}/stop")

    session.refresh_from_db()
    assert "Do not start it again" in page
    assert session.restart_with is None


def test_the_next_page_of_a_list_that_was_made_anew_is_a_whole_one(
    browser: Client, alice: User, hub: FakeHub
) -> None:
    now = timezone.now()
    Session.objects.bulk_create(
        Session(user=alice, environment="light", name=f"S {n}", state=SessionState.STOPPED,
                stopped_at=now)
        for n in range(3)
    )  # fmt: skip

    page = browser.get("/sessions/?limit=2&fragment=list").text

    assert "cursor=" in page
    assert "fragment=list" not in page
