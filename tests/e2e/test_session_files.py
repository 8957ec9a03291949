"""Files go into a running session and out of it, and its log goes on, in a real browser."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Person

START_SECONDS = 120.0
MAKING = 40_000
CSV = "x,y\n" + "\n".join(f"{n},{n * n % 17}" for n in range(300)) + "\n"


@pytest.fixture
def session(researcher: Person) -> Iterator[str]:
    """A session of the researcher's that runs, by its id."""
    status, told = researcher.api(
        "POST", "/sessions", data={"environment": "light", "name": "Files of a test"}
    )
    assert status == 202, told
    until = time.monotonic() + START_SECONDS
    while told["state"] != "ready":
        assert told["state"] in {"queued", "starting"}, told["message"]
        assert time.monotonic() < until, "the session does not start"
        time.sleep(0.5)
        _status, told = researcher.api("GET", f"/sessions/{told['id']}")
    yield told["id"]
    researcher.api("POST", f"/sessions/{told['id']}/stop")


def choose(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(files)


def test_files_go_in_are_looked_at_and_come_out_again(
    researcher: Person, session: str, tmp_path: Path
) -> None:
    folder, page = f"e2e {uuid.uuid4().hex[:8]}", researcher.page
    csv, note = tmp_path / "events.csv", tmp_path / "note ü.txt"
    csv.write_text(CSV)
    note.write_text("hello")

    researcher.open(f"/sessions/{session}/files/")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name", exact=True).fill(folder)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("Nothing is in this folder")).to_be_visible()
    researcher.look("session-files-empty")

    choose(page, csv, note)
    sent = page.locator(".upload-row [data-part=state]", has_text="sent")
    expect(sent).to_have_count(2)
    choose(page, csv)
    expect(page.get_by_text("keep both (events-2.csv) or cancel")).to_be_visible()
    page.get_by_role("button", name="Keep both").click()
    expect(sent).to_have_count(3)
    page.get_by_role("link", name="Show them").click()
    expect(page.get_by_role("link", name="events-2.csv", exact=True)).to_be_visible()
    researcher.look("session-files")

    page.get_by_role("link", name="events.csv", exact=True).click()
    expect(page.locator("svg.chart").first).to_be_visible(timeout=MAKING)
    researcher.look("session-file")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "events.csv"
    assert Path(download.value.path()).read_text() == CSV

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open in the session").click()
    lab = opened.value
    expect(lab.get_by_role("tab", name="events.csv")).to_be_visible(timeout=60_000)
    lab.close()

    page.get_by_role("button", name="Delete").click()
    page.locator("[data-confirm-accept]").click()
    expect(page.get_by_text(re.compile("events.csv is deleted"))).to_be_visible()
    assert researcher.faults == []


def test_the_log_is_shown_while_the_session_runs(researcher: Person, session: str) -> None:
    page = researcher.open(f"/sessions/{session}/log")
    log = page.get_by_role("log")
    expect(log).not_to_be_empty()

    # What is asked of the session stands in its log soon after.
    researcher.api("POST", f"/sessions/{session}/files", data={"path": f"e2e-{session[:8]}"})
    expect(log).to_contain_text(f"e2e-{session[:8]}")
    researcher.look("session-log")
    researcher.api("DELETE", f"/sessions/{session}/files?path=e2e-{session[:8]}")

    assert researcher.faults == []


def test_without_a_script_a_plain_form_sends_the_file(
    researcher: Person, session: str, tmp_path: Path
) -> None:
    file = tmp_path / f"plain-{uuid.uuid4().hex[:8]}.txt"
    file.write_text("by a plain form")
    plain = researcher.context.browser
    assert plain is not None
    context = plain.new_context(
        java_script_enabled=False, storage_state=researcher.context.storage_state()
    )
    page = context.new_page()

    page.goto(f"{researcher.home}/sessions/{session}/files/")
    page.get_by_label("Files", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_text(f"{file.name} is in the session.")).to_be_visible()
    status, _told = researcher.api("GET", f"/sessions/{session}/files?path=")
    assert status == 200
    context.close()
