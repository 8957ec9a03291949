"""What the number of files costs on a dataset's page: 100,000 of them beside 100."""

from __future__ import annotations

import statistics
import time
from argparse import Namespace

import requests

from benchmarks.figures import Result
from benchmarks.person import TIMEOUT, person
from demo.stack import Stack

SMALL, LARGE = "wide:events.100", "wide:events.100000"
TABS = ("where", "files", "metadata")
CALLS = 20
#: What a page may cost more for a thousand times the files.
MOST_TIMES = 1.2


def run(stack: Stack, options: Namespace) -> list[Result]:
    """Measure each tab of both datasets in turns."""
    browser = person(stack, options.user).portal
    return [_tab(stack, browser, tab, min(options.calls, CALLS)) for tab in TABS]


def _tab(stack: Stack, browser: requests.Session, tab: str, calls: int) -> Result:
    small, large = (stack.url("portal", f"/data/{did}?tab={tab}") for did in (SMALL, LARGE))
    _seconds(browser, small)
    _seconds(browser, large)
    pairs = [(_seconds(browser, large), _seconds(browser, small)) for _ in range(calls)]
    there = statistics.median(pair[0] for pair in pairs) * 1000
    here = statistics.median(pair[1] for pair in pairs) * 1000
    ratio = statistics.median(pair[0] / pair[1] for pair in pairs)
    return Result(
        f"page of 100,000 files, {tab}", there, here, ratio, "ms   ", ratio <= MOST_TIMES,
        "direct: the page of 100 files",
    )  # fmt: skip


def _seconds(browser: requests.Session, address: str) -> float:
    started = time.perf_counter()
    answer = browser.get(address, timeout=TIMEOUT)
    took = time.perf_counter() - started
    answer.raise_for_status()
    return took
