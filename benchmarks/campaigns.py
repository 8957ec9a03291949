"""A campaign of trivial points to its end, beside a client that drives the runner by itself."""

from __future__ import annotations

import argparse
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.figures import MEBI, Result, pid_of
from benchmarks.memory import Peak
from benchmarks.person import TIMEOUT, person
from demo.portal.component import variables
from demo.stack import Stack
from tests.signin import exchange, sign_in

#: Runs under way at the same time, for both.
AT_ONCE = 20
LOOK_SECONDS = 0.5
#: A campaign may take so many times as long as the bare client, and ask so many questions a point.
MOST_RATIO, MOST_QUESTIONS = 2.0, 16.0
MOST_GROWTH = 64 * MEBI
CODE = (
    'import json, sys\njson.dump({"sum": sum(map(float, sys.argv[1:]))}, open("sum.json", "w"))\n'
)
SPECIFICATION = """
inputs: {files: [add.py], parameters: {x: 1, y: 1}}
workflow:
  type: serial
  specification:
    steps:
      - name: add
        environment: vre-portal/physics:2026.11
        commands: ["python add.py ${x} ${y}"]
outputs: {files: [sum.json]}
"""
_ACCESS = re.compile(rb"reana\.access (\w+) (/api/\S+) (\d+) ")
_IDS = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")


@dataclass(frozen=True)
class Took:
    """How long something took, in seconds, and what the runner was asked meanwhile."""

    seconds: float
    asked: Counter[str]
    grown: int = 0


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Run as many points by the bare client, then by a campaign."""
    os.environ.update(variables(stack))
    import django  # noqa: PLC0415 - its settings are known by now only

    django.setup()
    browser = person(stack, options.user).portal
    token = exchange(stack, sign_in(stack, options.user), "reana")
    owner = browser.get(stack.url("portal", "/api/v1/me"), timeout=TIMEOUT).json()["id"]
    direct = _bare(stack, token, options.points)
    with _analysis(owner) as slug:
        portal = _campaign(stack, browser, slug, options.points)
    return list(_results(options.points, portal, direct))


def _results(points: int, portal: Took, direct: Took) -> Iterator[Result]:
    ratio = portal.seconds / direct.seconds
    yield Result(
        f"{points:,} points to the end", points / portal.seconds, points / direct.seconds,
        1 / ratio, "1/s  ", ratio <= MOST_RATIO, f"{AT_ONCE} at once",
    )  # fmt: skip
    mine, theirs = portal.asked.total(), direct.asked.total()
    yield Result(
        "questions a point", mine / points, theirs / points, mine / theirs, "     ",
        mine / points <= MOST_QUESTIONS,
        f"{mine / portal.seconds:.1f} a second; " + _in_words(portal.asked, points),
    )  # fmt: skip
    grown = portal.grown / MEBI
    yield Result("growth of the worker", grown, 0, 0, "MiB  ", portal.grown <= MOST_GROWTH)


def _in_words(asked: Counter[str], points: int) -> str:
    return ", ".join(f"{what} {number / points:.1f}" for what, number in asked.most_common())


@contextmanager
def _analysis(owner: str) -> Iterator[str]:
    """Keep an analysis of the person's own for a while; its campaigns go with it."""
    from reproducibility.models import Analysis, AnalysisFile  # noqa: PLC0415 - set up first

    slug = f"bench-{uuid.uuid4().hex[:8]}"
    analysis = Analysis.objects.create(slug=slug, title="Sums", owner_id=owner)
    version = analysis.versions.create(number=1, specification=SPECIFICATION)
    AnalysisFile.objects.create(version=version, path="add.py", content=CODE.encode())
    analysis.current = version
    analysis.save()
    try:
        yield slug
    finally:
        Analysis.objects.filter(slug=slug).update(current=None)
        Analysis.objects.filter(slug=slug).delete()


def _campaign(stack: Stack, browser: requests.Session, slug: str, points: int) -> Took:
    """Make a campaign by the API, start it, and look at it until its end."""
    csrf = next(value for name, value in browser.cookies.items() if name.startswith("vre_csrf"))
    address = stack.url("portal", "/api/v1/campaigns")
    wish = {
        "analysis": slug, "title": "Sums", "columns": ["x", "y"], "at_once": AT_ONCE,
        "rows": [[number, number + 1] for number in range(points)],
        "results": [{"name": "sum", "path": "sum.json", "where": "sum"}],
    }  # fmt: skip

    def post(url: str, **body: Any) -> dict[str, Any]:
        headers = {"X-CSRFToken": csrf, "Referer": url}
        answer = browser.post(url, headers=headers, timeout=TIMEOUT, **body)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    made = f"{address}/{post(address, json=wish)['id']}"
    with _asked(stack) as asked, Peak(pid_of(stack, "worker")) as peak:
        began = time.perf_counter()
        post(f"{made}/start")
        while (told := browser.get(made, timeout=TIMEOUT).json())["state"] == "running":
            time.sleep(LOOK_SECONDS)
        seconds = time.perf_counter() - began
    if told["counts"] != {"finished": points}:
        raise RuntimeError(f"The campaign ended otherwise: {told['counts']}")
    return Took(seconds, asked, peak.grown)


def _bare(stack: Stack, token: str, points: int) -> Took:
    """Do the same without the portal: as few calls as it takes, one after the other."""
    import yaml  # noqa: PLC0415 - only the portal's environment has it

    session, base = requests.Session(), stack.url("reana", "/api/workflows")
    session.headers["Authorization"] = f"Bearer {token}"
    specification, batch = yaml.safe_load(SPECIFICATION), f"bare-{uuid.uuid4().hex[:8]}"

    def ask(method: str, path: str = "", **rest: Any) -> requests.Response:
        answer = session.request(method, base + path, timeout=TIMEOUT, **rest)
        answer.raise_for_status()
        return answer

    def start(number: int) -> str:
        name = {"workflow_name": f"{batch}-{number}"}
        key = str(ask("POST", params=name, json=specification).json()["workflow_id"])
        ask("POST", f"/{key}/workspace", params={"file_name": "add.py"}, data=CODE.encode())
        ask("POST", f"/{key}/start", json={"input_parameters": {"x": number, "y": number + 1}})
        return key

    running: set[str] = set()
    begun = done = 0
    with _asked(stack) as asked:
        began = time.perf_counter()
        while done < points:
            while begun < points and len(running) < AT_ONCE:
                running.add(start(begun))
                begun += 1
            rows = ask("GET", params={"size": 2 * AT_ONCE, "type": "batch"}).json()["items"]
            ended = {row["id"] for row in rows if row["status"] == "finished"} & running
            for key in ended:
                ask("GET", f"/{key}/workspace/sum.json")
            running -= ended
            done += len(ended)
            time.sleep(0 if ended else LOOK_SECONDS / 5)
        return Took(time.perf_counter() - began, asked)


@contextmanager
def _asked(stack: Stack) -> Iterator[Counter[str]]:
    """Count what the runner is asked meanwhile, by its own access log."""
    log: Path = stack.state / "logs" / "reana.log"
    before, counts = log.stat().st_size, Counter[str]()
    yield counts
    with log.open("rb") as stream:
        stream.seek(before)
        for line in stream:
            found = _ACCESS.search(line)
            if found and found[2] != b"/api/ping":
                path = _IDS.sub("", found[2].decode().partition("?")[0]).removeprefix("/api")
                counts[f"{found[1].decode()} {path}"] += 1
