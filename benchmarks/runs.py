"""Lists of runs: 10,000 of one person, by page and API of a portal of the benchmark's own."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from benchmarks import own_portal, session_people
from benchmarks.figures import Result
from demo.stack import Stack

DATABASE, VALKEY = "bench_runs", 13
RUNS, CALLS, LOG = 10_000, 40, "x" * 20_000
#: Milliseconds, 95 of 100.
MOST = 100.0
OUTPUT = {
    "path": "results/fit.json", "level": "bit-identical", "sha256": "0" * 64,
    "expected_sha256": "0" * 64, "detail": "No byte differs.", "comparison": None,
    "tolerance": None,
}  # fmt: skip


def run(stack: Stack, _options: argparse.Namespace) -> list[Result]:
    """Measure both lists, first and last page, beside the database's own answer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = own_portal.settings_of(stack, DATABASE, VALKEY, folder)
        own_portal.prepare(stack, settings, DATABASE)
        (person,) = session_people.make_people("runner", 1)
        _make_runs(person.key)
        with own_portal.running(stack, settings, folder):
            browser = session_people.browser(settings, person)
            return [_measured(browser, settings, path) for path in ("/runs/", "/api/v1/runs")]


def _measured(browser: requests.Session, settings: dict[str, str], path: str) -> Result:
    url = f"{settings['VRE_PUBLIC_URL']}{path}"
    browser.get(url, timeout=session_people.TIMEOUT).raise_for_status()

    def ask() -> None:
        browser.get(url, timeout=session_people.TIMEOUT).raise_for_status()

    took, direct = _p95(ask), _p95(_rows)
    return Result(
        f"list of {RUNS:,} runs, {path}", took, direct, took / direct, "ms   ", took <= MOST,
        "p95; direct: the rows of one page from the database",
    )  # fmt: skip


def _p95(question: Callable[[], object]) -> float:
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        question()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.quantiles(times, n=20)[-1]


def _rows() -> list[Any]:
    from reproducibility.models import Run  # noqa: PLC0415 - Django has to be set up first

    return list(Run.objects.order_by("-created_at").values("id", "state", "message")[:50])


def _make_runs(user_id: Any) -> None:
    from reproducibility.models import Analysis, Run  # noqa: PLC0415 - Django has to be set up first

    analysis = Analysis.objects.create(slug="many", title="Many runs", published=True)
    analysis.current = analysis.versions.create(number=1, specification="workflow: {type: serial}")
    analysis.save()
    verdict = {
        "level": "bit-identical", "environment": "substituted", "inputs": "verified",
        "outputs": [OUTPUT] * 3,
    }  # fmt: skip
    steps = [{"name": each, "state": "done", "started": None, "seconds": 3.0} for each in "abcde"]
    logs = [{"step": each, "state": "done", "command": "true", "text": LOG} for each in "abc"]
    Run.objects.bulk_create(
        (
            Run(
                analysis=analysis, version=analysis.current, user_id=user_id, number=number,
                state="finished", message="3 of 3 outputs bit-identical.", verdict=verdict,
                steps=steps, logs=logs,
            )
            for number in range(1, RUNS + 1)
        ),
        batch_size=500,
    )  # fmt: skip
