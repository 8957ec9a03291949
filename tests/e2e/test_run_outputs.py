"""What a run gave is browsed, looked at, downloaded and registered in Rucio, in a real browser."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Person

ANALYSIS = "dimuon-spectrum"
RUN_SECONDS = 180.0
MAKING = 40_000
REGISTERING = 120_000


@pytest.fixture
def run(researcher: Person) -> str:
    """A run of the researcher's that has ended, by its id."""
    status, told = researcher.api("POST", f"/analyses/{ANALYSIS}/runs", data={})
    assert status == 202, told
    until = time.monotonic() + RUN_SECONDS
    while told["state"] not in {"finished", "failed", "stopped"}:
        assert time.monotonic() < until, told["message"]
        time.sleep(1)
        _status, told = researcher.api("GET", f"/runs/{told['id']}")
    assert told["state"] == "finished", told["message"]
    return str(told["id"])


def test_outputs_are_browsed_downloaded_and_registered(researcher: Person, run: str) -> None:
    page = researcher.open(f"/runs/{run}")
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_role("link", name="results", exact=True)).to_be_visible()
    researcher.look("run-files")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a ZIP").click()
    with zipfile.ZipFile(Path(download.value.path())) as archive:
        assert archive.testzip() is None
        assert any("/results/" in name for name in archive.namelist())

    _status, told = researcher.api("GET", f"/runs/{run}/workspace?path=results")
    output = next(each["path"] for each in told["items"] if each["is_output"])
    researcher.open(f"/runs/{run}/files/{output}")
    expect(page.get_by_text("sha256").first).to_be_visible()
    expect(page.get_by_text("This takes some seconds.")).to_be_hidden(timeout=MAKING)
    researcher.look("run-file")

    researcher.open(f"/runs/{run}/register")
    researcher.look("run-register")
    name = f"e2e-{run[:8]}"
    page.get_by_label("Dataset").fill(name)
    page.get_by_role("button", name="Register", exact=True).click()
    opened = page.get_by_role("link", name="Open the dataset")
    expect(opened).to_be_visible(timeout=REGISTERING)
    researcher.look("run-registered")

    page.get_by_role("link", name="Its metadata").click()
    expect(page.get_by_text(run).first).to_be_visible()
    researcher.look("run-dataset")
    assert researcher.faults == []
