"""A stopped session becomes an analysis in a real browser: started, read, and stopped again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from sessions.backends import service_credential
from sessions.backends.jupyterhub import JupyterHubBackend
from tests.e2e.conftest import Person
from tests.e2e.test_capture import notebook, put
from vre_portal.config import get_config

SECONDS, SLOW = 120.0, 120_000


def until(person: Person, session: str, *states: str) -> None:
    """Wait until a session is in one of some states."""
    deadline = time.monotonic() + SECONDS
    while True:
        _status, told = person.api("GET", f"/sessions/{session}")
        if told["state"] in states:
            return
        assert time.monotonic() < deadline, told["message"]
        time.sleep(0.5)


@pytest.fixture
def session(researcher: Person) -> Iterator[str]:
    """A session of the researcher's that runs, by its id."""
    wish = {"environment": "physics", "name": f"Stopped {uuid.uuid4().hex[:6]}"}
    status, told = researcher.api("POST", "/sessions", data=wish)
    assert status == 202, told
    until(researcher, told["id"], "ready")
    yield told["id"]
    researcher.api("POST", f"/sessions/{told['id']}/stop")


@pytest.fixture
def folder(researcher: Person, session: str) -> str:
    """A folder in the home with a notebook; the session has stopped since."""
    name = f"stopped-{uuid.uuid4().hex[:8]}"
    status, told = researcher.api("POST", f"/sessions/{session}/files", data={"path": name})
    assert status == 201, told
    put(researcher, session, f"{name}/zpeak.ipynb", notebook())
    researcher.api("POST", f"/sessions/{session}/stop")
    until(researcher, session, "stopped")
    return name


def test_a_stopped_session_is_started_for_the_capture_and_stopped_again(
    researcher: Person, session: str, folder: str
) -> None:
    page = researcher.open(f"/captures/new?session={session}&path={folder}")
    expect(page.get_by_label("Session", exact=True)).to_have_value(session)
    researcher.look("capture-stopped-form")
    page.get_by_role("button", name="Capture the session").click()

    expect(page.get_by_text("Starting the session to read its files…").first).to_be_visible()
    researcher.look("capture-stopped-starting")
    expect(page.get_by_role("button", name="Save and prove")).to_be_visible(timeout=SLOW)
    expect(page.get_by_label("Title")).to_have_value("Mass of the Z boson")
    expect(page.get_by_text("has stopped again")).to_be_visible(timeout=SLOW)
    researcher.look("capture-stopped-again")

    until(researcher, session, "stopped")
    assert researcher.faults == []


def test_the_hub_tells_whether_its_owner_has_opened_a_session(
    researcher: Person, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = researcher.stack
    monkeypatch.setenv("VRE_HUB_API_URL", stack.url("hub-api", "/hub/api"))
    monkeypatch.setenv("VRE_HUB_TOKEN", stack.secret("hub-service-token"))
    get_config.cache_clear()
    moment = datetime.now(UTC)
    _status, told = researcher.api("GET", f"/sessions/{session}")
    handle, server = told["url"].partition("/user/")[2].split("/")[:2]

    def opened() -> bool:
        return JupyterHubBackend().opened_since(service_credential(), handle, server, moment)

    before = opened()
    # A page of its own: JupyterLab complains of a session that stops.
    page = researcher.context.new_page()
    page.goto(told["url"])
    page.wait_for_url("**/lab**")
    after = opened()
    page.close()

    assert (before, after) == (False, True)
    get_config.cache_clear()
