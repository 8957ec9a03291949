"""A reproduction on the running demo: click to workflow, and log line to page."""

from __future__ import annotations

import argparse
import os
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from benchmarks.figures import Result
from benchmarks.person import TIMEOUT, person
from demo.portal.component import variables
from demo.stack import Stack
from tests.signin import exchange, sign_in

CLICKS, LINES, EVERY = 20, 100, 0.1
#: How often a page that is open asks, seconds.
POLL = 0.5
MOST_CREATE, MOST_LINE = 200.0, 1000.0
#: Prints when it prints.
TALKER = f"""
workflow:
  type: serial
  specification:
    steps:
      - name: talk
        environment: vre-portal/physics:2026.11
        commands:
          - >-
            python -u -c "import time; [(print('t', time.time()), time.sleep({EVERY}))
            for _ in range({LINES})]"
"""


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure both as a browser meets them, beside direct calls of the runner."""
    os.environ.update(variables(stack))
    import django  # noqa: PLC0415 - its settings are known by now only

    django.setup()
    browser = person(stack, options.user).portal
    token = exchange(stack, sign_in(stack, options.user), "reana")
    owner = browser.get(stack.url("portal", "/api/v1/me"), timeout=TIMEOUT).json()["id"]
    with _analysis(owner) as slug:
        return [_clicks(stack, browser, slug, token), _lines(stack, browser, slug)]


@contextmanager
def _analysis(owner: str) -> Iterator[str]:
    """Keep an analysis of the person's own for a while; its runs go with it."""
    from reproducibility.models import Analysis  # noqa: PLC0415 - Django has to be set up first

    slug = f"bench-{uuid.uuid4().hex[:8]}"
    analysis = Analysis.objects.create(slug=slug, title="Talker", owner_id=owner)
    analysis.current = analysis.versions.create(number=1, specification=TALKER)
    analysis.save()
    try:
        yield slug
    finally:
        Analysis.objects.filter(slug=slug).update(current=None)
        Analysis.objects.filter(slug=slug).delete()


def _post(stack: Stack, browser: requests.Session, path: str) -> str:
    """Press a button, and return where it leads."""
    csrf = next(value for name, value in browser.cookies.items() if name.startswith("vre_csrf"))
    answer = browser.post(
        stack.url("portal", path),
        headers={"X-CSRFToken": csrf, "Referer": stack.url("portal", path)},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    if answer.status_code != requests.codes.found:
        raise RuntimeError(f"POST {path}: {answer.status_code}")
    return str(answer.headers["Location"])


def _clicks(stack: Stack, browser: requests.Session, slug: str, token: str) -> Result:
    from reproducibility.models import Run  # noqa: PLC0415 - Django has to be set up first

    took = []
    for _ in range(CLICKS):
        started = time.perf_counter()
        run_id = _click(stack, browser, slug)
        while not Run.objects.filter(pk=run_id).exclude(workflow_id="").exists():
            time.sleep(0.002)
        took.append((time.perf_counter() - started) * 1000)
        _post(stack, browser, f"/runs/{run_id}/stop")
        _until_ended(run_id)
    direct = statistics.median(_create(stack, token) for _ in range(CLICKS))
    p95 = statistics.quantiles(took, n=20)[-1]
    return Result(
        "click to the runner's create", p95, direct, p95 / direct, "ms   ", p95 <= MOST_CREATE,
        f"p95 of {CLICKS}; direct: the create call alone, median",
    )  # fmt: skip


def _click(stack: Stack, browser: requests.Session, slug: str) -> str:
    return _post(stack, browser, f"/analyses/{slug}/reproduce").rpartition("/")[2]


def _until_ended(run_id: str) -> None:
    from reproducibility.models import ACTIVE, Run  # noqa: PLC0415 - Django has to be set up first

    deadline = time.monotonic() + TIMEOUT
    while Run.objects.filter(pk=run_id, state__in=ACTIVE).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("The run did not end.")
        time.sleep(0.1)


def _create(stack: Stack, token: str) -> float:
    import yaml  # noqa: PLC0415 - only the portal's environment has it

    started = time.perf_counter()
    answer = requests.post(
        stack.url("reana", "/api/workflows"),
        params={"workflow_name": f"bench-{uuid.uuid4().hex}"},
        json=yaml.safe_load(TALKER),
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT,
    )
    answer.raise_for_status()
    return (time.perf_counter() - started) * 1000


def _lines(stack: Stack, browser: requests.Session, slug: str) -> Result:
    """Follow a log as a page does, and note how old each line is when it comes."""
    run_id = _click(stack, browser, slug)
    address = stack.url("portal", f"/runs/{run_id}/log/live")
    ages: list[float] = []
    seen, deadline = "", time.monotonic() + TIMEOUT
    while len(ages) < LINES * 0.9 and time.monotonic() < deadline:
        told = browser.get(address, params={"seen": seen} if seen else {}, timeout=TIMEOUT).json()
        now = time.time()
        for log in told["logs"]:
            ages += [now - at for at in _times(log)]
            seen = f"{log['key']}:{log['at'] + len(log['text'])}"
        time.sleep(POLL)
    p95 = statistics.quantiles(ages, n=20)[-1] * 1000
    return Result(
        "log line to the open page", p95, POLL * 1000, p95 / (POLL * 1000), "ms   ",
        p95 <= MOST_LINE, f"p95 of {len(ages)} lines; direct: how often a page asks",
    )  # fmt: skip


def _times(log: dict[str, Any]) -> list[float]:
    words = (line.split() for line in log["text"].splitlines() if line.startswith("t "))
    return [float(pair[1]) for pair in words if len(pair) == 2]
