"""What a run gave is browsed, looked at, downloaded and registered in Rucio, in a real browser."""

from __future__ import annotations

import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Person

MAKING = 40_000
REGISTERING = 120_000


def test_outputs_are_browsed_downloaded_and_registered(
    researcher: Person, finished_run: str
) -> None:
    page = researcher.open(f"/runs/{finished_run}")
    page.get_by_role("link", name="Files", exact=True).click()
    expect(page.get_by_role("link", name="results", exact=True)).to_be_visible()
    researcher.look("run-files")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a ZIP").click()
    with zipfile.ZipFile(Path(download.value.path())) as archive:
        assert archive.testzip() is None
        assert any("/results/" in name for name in archive.namelist())

    _status, told = researcher.api("GET", f"/runs/{finished_run}/workspace?path=results")
    output = next(each["path"] for each in told["items"] if each["is_output"])
    researcher.open(f"/runs/{finished_run}/files/{output}")
    expect(page.get_by_text("sha256").first).to_be_visible()
    expect(page.get_by_text("This takes some seconds.")).to_be_hidden(timeout=MAKING)
    researcher.look("run-file")

    researcher.open(f"/runs/{finished_run}/register")
    researcher.look("run-register")
    name = f"e2e-{finished_run[:8]}"
    page.get_by_label("Dataset").fill(name)
    page.get_by_role("button", name="Register", exact=True).click()
    opened = page.get_by_role("link", name="Open the dataset")
    expect(opened).to_be_visible(timeout=REGISTERING)
    researcher.look("run-registered")

    page.get_by_role("link", name="Its metadata").click()
    expect(page.get_by_text(finished_run).first).to_be_visible()
    researcher.look("run-dataset")
    assert researcher.faults == []
