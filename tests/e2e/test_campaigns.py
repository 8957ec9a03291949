"""A scan of a seeded analysis in a real browser: from a finished run to one table of results."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import FilePayload, expect

from tests.e2e.conftest import ANALYSIS, Person
from tests.e2e.test_faults import pid_of

POINTS = 8
#: All points, on a machine that does other things, too.
SCANNING = 300_000
#: Until what was killed is up again, and its work is taken up: a lease, then a look.
LOST = 120_000


def test_a_scan_is_made_and_collected_though_all_that_drives_it_is_killed(
    researcher: Person,
    finished_run: str,
    status: Callable[[], dict[str, Any]],
    demo: Callable[..., str],
) -> None:
    page = researcher.open(f"/runs/{finished_run}")

    page.get_by_role("link", name="Scan parameters").click()
    page.get_by_label("bins", exact=False).first.fill("10:80:10")
    page.get_by_label("Results to collect").fill("mass results/fit.json parameters.mass.value")
    researcher.look("campaign-new")
    page.get_by_role("button", name="Make the points").click()
    expect(page.get_by_text(f"{POINTS} points are ready.")).to_be_visible()
    researcher.look("campaign-draft")

    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    key = page.url.rpartition("/")[2]
    ended(researcher, key, at_least=1)
    for name in ("worker", "beat", "portal"):
        os.kill(pid_of(status(), name), signal.SIGKILL)
    demo("stop", "reana")
    back(status, "worker", "beat", "portal")
    page.reload()
    expect(page.get_by_text("Waiting for REANA")).to_be_visible(timeout=LOST)
    researcher.look("campaign-waiting")
    demo("start", "reana")
    expect(page.get_by_text(f"{POINTS} of {POINTS} points are done, 0 failed.")).to_be_visible(
        timeout=SCANNING
    )
    researcher.look("campaign-done")

    page.locator("canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status").filter(has_text="Point 1: finished")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Point 1 of Scan of")).to_be_visible()
    researcher.look("campaign-point")

    _status, told = researcher.api("GET", f"/campaigns/{key}/points")
    masses = [each["results"]["mass"]["value"] for each in told["items"]]
    assert len(masses) == POINTS
    assert all(90 < mass < 92 for mass in masses)
    assert len({each["run"] for each in told["items"]}) == POINTS
    assert [each["attempts"] for each in told["items"]] == [1] * POINTS
    # The open page lost its socket on purpose; nothing else may be at fault.
    researcher.faults[:] = [fault for fault in researcher.faults if "WebSocket" not in fault]


def back(status: Callable[[], dict[str, Any]], *names: str) -> None:
    """Wait until components that were killed are up again."""
    until = time.monotonic() + LOST / 1000
    while True:
        states = {row["name"]: row["state"] for row in status()["components"]}
        if all(states[name] == "up" for name in names):
            return
        assert time.monotonic() < until, states
        time.sleep(0.5)


def ended(researcher: Person, key: str, *, at_least: int) -> None:
    """Wait until so many points of a campaign are done."""
    until = time.monotonic() + SCANNING / 1000
    while True:
        _status, told = researcher.api("GET", f"/campaigns/{key}")
        if told["counts"].get("finished", 0) >= at_least:
            return
        assert time.monotonic() < until, told["message"]
        time.sleep(0.5)


def test_a_wrong_table_starts_nothing(researcher: Person) -> None:
    page = researcher.open(f"/analyses/{ANALYSIS}/campaign")

    content = b"bins\n60\nmany\n"
    table: FilePayload = {"name": "points.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("Or a table").set_input_files(table)
    page.get_by_role("button", name="Make the points").click()

    expect(page.get_by_text("Row 3, bins").first).to_be_visible()
    researcher.look("campaign-faults")
    assert researcher.faults == []
