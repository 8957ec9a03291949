"""Many sessions: what a list of 200 costs, and what 200 that run cost with 500 open pages."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks import own_hub, own_portal, session_many
from benchmarks.figures import Result
from benchmarks.front import Front
from benchmarks.session_people import know, make_people
from demo.stack import Stack

DATABASE, VALKEY_NUMBER = "bench_many", 13
THREADS = 8


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure lists of sessions, and what 200 running ones with 500 open pages ask and hear."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = own_portal.settings_of(stack, DATABASE, VALKEY_NUMBER, folder)
        with (
            session_many.answering() as stubs,
            own_hub.running(stack, folder, portal=settings["VRE_PUBLIC_URL"], stubs=stubs) as hub,
            Front(hub.api.removesuffix("/hub/api")) as front,
        ):
            settings |= {"VRE_HUB_API_URL": f"{front.url}/hub/api", "VRE_HUB_URL": stubs}
            own_portal.prepare(stack, settings, DATABASE)
            lister, *people = make_people("bench-many", session_many.PEOPLE + 1)
            know([lister, *people])
            pages, running = session_many.start_all(hub, people, lister)
            with own_portal.running(stack, settings, folder, threads=THREADS):
                lists = session_many.lists(settings, front, hub, lister, running)
                end = own_hub.end_of_stubs(folder)
                heard = session_many.open_pages(settings, front, hub, pages, end)
                return [*lists, *asyncio.run(heard)]
