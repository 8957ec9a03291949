"""Sessions: what the portal adds to a start, and when an open page hears that one is ready."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import own_hub, own_portal, session_starts
from benchmarks.figures import Result
from benchmarks.front import Front
from benchmarks.session_people import know, make_people
from demo.stack import Stack

DATABASE, VALKEY_NUMBER = "bench_sessions", 14
THREADS = 8


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure launches that are cancelled at once, then whole starts."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = own_portal.settings_of(stack, DATABASE, VALKEY_NUMBER, folder)
        with (
            own_hub.running(stack, folder, portal=settings["VRE_PUBLIC_URL"]) as hub,
            Front(hub.api.removesuffix("/hub/api")) as front,
        ):
            settings["VRE_HUB_API_URL"] = f"{front.url}/hub/api"
            own_portal.prepare(stack, settings, DATABASE)
            people = make_people("bench-start", options.launches + options.starts)
            know(people)
            with own_portal.running(stack, settings, folder, threads=THREADS):
                cut = options.launches
                launched = session_starts.launches(settings, front, hub, people[:cut])
                started = session_starts.starts(settings, front, hub, people[cut:])
    return session_starts.results(launched, started)
