"""A log line is on an open page soon after the service has it, and can be looked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from reproducibility.models import Run
from reproducibility.services import live_logs
from reproducibility.services.progress import LOG_LENGTH
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import work
from vre_portal.errors import UpstreamUnavailable


@pytest.fixture
def running(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run whose first step says something."""
    work(run)
    workflow_backend.run(0)
    return work(run)


@pytest.fixture
def browser(client: Client, alice: User) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


def say(workflow_backend: FakeWorkflows, text: str) -> None:
    """Let the running step say so, and let the last look be old."""
    made = workflow_backend.only()
    made.logs[-1] = replace(made.logs[-1], text=text)
    cache.clear()


def told(browser: Client, run: Run, seen: str = "") -> dict[str, Any]:
    answer = browser.get(f"/runs/{run.pk}/log/live", {"seen": seen} if seen else {})
    (log,) = answer.json()["logs"]
    return dict(log)


def test_a_page_gets_what_is_new(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    say(workflow_backend, "event 1\n")
    first = told(browser, running)
    say(workflow_backend, "event 1\nevent 2\n")

    then = told(browser, running, f"{first['key']}:{len(first['text'])}")

    assert first["at"] == 0
    assert first["text"].endswith("event 1\n")
    assert (then["at"], then["text"]) == (len(first["text"]), "event 2\n")


def test_a_log_that_lost_its_beginning_comes_whole(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    say(workflow_backend, "x" * (LOG_LENGTH + 5))

    log = told(browser, running, f"{told(browser, running)['key']}:17")

    assert log["at"] == 0
    assert len(log["text"]) >= LOG_LENGTH


def test_many_pages_ask_the_service_once(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    say(workflow_backend, "event 1\n")
    before = workflow_backend.calls["logs"]

    for _ in range(5):
        told(browser, running)

    assert workflow_backend.calls["logs"] == before + 1


def test_a_silent_service_leaves_what_was_read(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    with workflow_backend.down(UpstreamUnavailable("REANA does not answer.", service="reana")):
        log = told(browser, running)

    assert "select says hello" in log["text"]


def test_the_page_itself_shows_what_another_page_has_read(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    say(workflow_backend, "event 9\n")
    live_logs.read(running)

    assert "event 9" in browser.get(f"/runs/{running.pk}").content.decode()


def test_an_ended_run_asks_no_service(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    Run.objects.update(state="failed")
    before = workflow_backend.calls["logs"]

    told(browser, running)

    assert workflow_backend.calls["logs"] == before


def test_only_the_lines_that_were_looked_for_are_shown(
    browser: Client, running: Run, workflow_backend: FakeWorkflows
) -> None:
    say(workflow_backend, "read 10 events\nWARNING: two are odd\nread 20 events\n")
    live_logs.read(running)

    page = browser.get(f"/runs/{running.pk}?find=warning").content.decode()

    assert "3  WARNING: two are odd" in page
    assert "read 20 events" not in page
    assert "1 line" in page


def test_strangers_get_no_log(client: Client, bob: User, running: Run) -> None:
    sign_in(client, bob)

    assert client.get(f"/runs/{running.pk}/log/live").status_code == 404
