"""Faults that a person must not lose anything to: a killed worker, a stopped backend."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Person

LONG = 180_000


#: What a run says on its way, after its start and before its verdict.
UNDER_WAY = re.compile(r"^(Inputs verified|Handing|Waiting for its turn|Step \d|\d of \d steps)")


def verdict_of(page: Page) -> Locator:
    return page.locator(".verdict")


def pid_of(status: dict[str, Any], name: str) -> int:
    return next(int(row["pid"]) for row in status["components"] if row["name"] == name)


def test_a_killed_worker_costs_no_run_and_makes_no_second(
    researcher: Person, status: Callable[[], dict[str, Any]]
) -> None:
    page = researcher.open("/analyses/dimuon-spectrum")
    page.get_by_role("link", name="Reproduce this").click()
    page.get_by_role("button", name="Reproduce", exact=True).click()
    expect(page.get_by_text(UNDER_WAY).first).to_be_visible(timeout=LONG)

    os.kill(pid_of(status(), "worker"), signal.SIGKILL)

    expect(verdict_of(page)).to_contain_text("3 of 3 outputs bit-identical", timeout=LONG)
    run_id = page.url.rpartition("/")[2]
    _status, activity = researcher.api("GET", "/activity")
    ends = [
        row
        for row in activity["items"]
        if row["subject_id"] == run_id and row["verb"] == "run.finished"
    ]
    assert len(ends) == 1


def test_a_restarted_portal_goes_on_with_a_run(
    researcher: Person, demo: Callable[..., str]
) -> None:
    page = researcher.open("/analyses/dimuon-spectrum")
    page.get_by_role("link", name="Reproduce this").click()
    page.get_by_role("button", name="Reproduce", exact=True).click()
    expect(page.get_by_text(UNDER_WAY).first).to_be_visible(timeout=LONG)

    demo("stop", "portal")
    demo("start", "portal")

    page.reload()
    expect(verdict_of(page)).to_contain_text("3 of 3 outputs bit-identical", timeout=LONG)
    # The open page lost its socket on purpose; nothing else may be at fault.
    researcher.faults[:] = [fault for fault in researcher.faults if "WebSocket" not in fault]


def test_home_answers_while_a_backend_is_down(researcher: Person, demo: Callable[..., str]) -> None:
    demo("stop", "reana")
    try:
        page = researcher.open("/")
        told = page.get_by_text("REANA does not answer")
        # The state is checked every few seconds; the page tells what it knew when it was made.
        for _attempt in range(20):
            if told.count():
                break
            page.wait_for_timeout(1500)
            page.reload()

        expect(told.first).to_be_visible()
        researcher.look("home-backend-down")
    finally:
        demo("start", "reana")


def test_an_unknown_dataset_says_so(researcher: Person) -> None:
    page = researcher.open("/data/cms:no_such_dataset")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("no_such_dataset")
    researcher.look("not-found")
    status, problem = researcher.api("GET", "/data/dids/cms/no_such_dataset")
    assert (status, problem["code"]) == (404, "not-found")


def test_an_unknown_storage_is_refused_by_name(researcher: Person) -> None:
    wish = {"did": "cms:dimuon_synthetic_2026", "storage": "NOWHERE"}

    status, problem = researcher.api("POST", "/data/replica-requests", data=wish)

    assert status in {404, 422}
    assert "NOWHERE" in problem["detail"]


def test_malformed_json_is_a_problem(researcher: Person) -> None:
    status, problem = researcher.api("POST", "/data/replica-requests", text="{nonsense")

    assert (status, problem["code"]) == (422, "invalid-request")
