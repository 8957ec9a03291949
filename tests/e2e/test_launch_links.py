"""A badge's link as a stranger meets it: sign-in, confirmation, the file; data are brought."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.stack import Stack
from tests.e2e.conftest import Person

LONG = 180_000
STORAGE = "CERN-DISK"
#: Datasets of the demo that are elsewhere at first.
FAR = ("astro:m13", "astro:gw_HW100916", "cms:pdg_tables_2026")
TOLD = "Fetched from a repository"
NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {},
    "cells": [{"cell_type": "markdown", "id": "first", "metadata": {}, "source": f"# {TOLD}"}],
}  # fmt: skip
#: A repository of one notebook, served as Git does over HTTP.
SERVER = """
import sys
from pathlib import Path
from wsgiref.simple_server import make_server
from dulwich.repo import Repo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

folder, text = Path(sys.argv[1]), sys.argv[2]
repo = Repo.init(folder, mkdir=True, default_branch=b"main")
(folder / "first look.ipynb").write_text(text)
repo.get_worktree().stage([b"first look.ipynb"])
who = b"Ann <ann@example.org>"
repo.get_worktree().commit(message=b"first", committer=who, author=who)
server = make_server("127.0.0.1", 0, make_wsgi_chain(DictBackend({"/lab/look.git": repo})))
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def repository(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a repository that sessions reach."""
    folder: Path = tmp_path_factory.mktemp("git")
    argv = [str(stack.python("light")), "-c", SERVER, str(folder / "look"), json.dumps(NOTEBOOK)]
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True)
    assert child.stdout is not None
    yield f"http://127.0.0.1:{child.stdout.readline().strip()}/lab/look.git"
    child.terminate()
    child.wait(10)


@pytest.fixture
def stranger(browser: Browser, stack: Stack, researcher: Person) -> Iterator[Person]:
    """The researcher at another browser, where they are not signed in."""
    somebody = Person(browser, stack, "researcher")
    yield somebody
    somebody.context.close()
    assert somebody.faults == []


@pytest.fixture
def stopped(researcher: Person) -> Iterator[None]:
    """Stop what the test has launched."""
    yield
    for row in sessions(researcher):
        if row["state"] in {"queued", "starting", "ready"}:
            researcher.api("DELETE", f"/sessions/{row['id']}")


def sessions(person: Person) -> list[dict[str, Any]]:
    _status, found = person.api("GET", "/sessions")
    items: list[dict[str, Any]] = found["items"]
    return items


def opened(person: Person, page: Page) -> Page:
    with person.context.expect_page() as tab:
        page.locator("main header").get_by_role("link", name="Open").click()
    return tab.value


@pytest.mark.usefixtures("stopped")
def test_a_badges_link_keeps_everything_through_the_sign_in_and_opens_the_file(
    stranger: Person, repository: str
) -> None:
    asked = {
        "environment": "light", "repository": repository, "path": "first look.ipynb",
        "name": "Badge",
    }  # fmt: skip
    page = stranger.open(f"/sessions/new?{urlencode(asked)}")
    page.locator(f"form[action='/accounts/login/{stranger.account.provider}/'] button").last.click()
    stranger.enter_password(stranger.account)
    page.wait_for_url(f"{stranger.home}/sessions/new?**")

    card = page.locator("#repository")
    expect(card.get_by_text(urlsplit(repository).netloc, exact=True)).to_be_visible()
    expect(card).to_contain_text("nothing of it runs by itself")
    expect(page.locator("input[name=environment][value=light]")).to_be_checked()
    stranger.look("launch-repository")
    page.get_by_role("button", name="Launch", exact=True).click()

    expect(page.get_by_text("It is in the folder repositories/look")).to_be_visible(timeout=LONG)
    stranger.look("session-repository")
    tab = opened(stranger, page)
    expect(tab.get_by_role("heading", name=TOLD)).to_be_visible(timeout=LONG)


def test_the_badge_is_a_picture_for_everybody(
    stranger: Person, repository: str, stack: Stack
) -> None:
    answer = stranger.context.request.get(f"{stranger.home}/sessions/badge.svg")

    assert answer.ok
    assert answer.headers["content-type"] == "image/svg+xml"
    stranger.page.set_content(f'<img src="{stranger.home}/sessions/badge.svg">')
    drawn = stranger.page.locator("img").evaluate("img => img.decode().then(() => img.width)")
    assert drawn > 100


def is_there(person: Person, did: str) -> bool:
    """Whether all files of a dataset are where sessions read."""
    _status, found = person.api("GET", f"/data/dids/{did.replace(':', '/')}/replicas")
    whole = {"storage": STORAGE, "state": "available"}
    return all(
        any(whole.items() <= copy.items() for copy in row["replicas"]) for row in found["items"]
    )


@pytest.mark.usefixtures("stopped")
def test_data_that_sessions_can_not_read_are_brought(researcher: Person) -> None:
    # A stack that is kept has what was brought before; the last one is then only said to be there.
    dataset = next((did for did in FAR if not is_there(researcher, did)), FAR[-1])
    was_there = is_there(researcher, dataset)
    page = researcher.open(f"/sessions/new?environment=light&dataset={dataset}")
    page.get_by_role("button", name="Launch", exact=True).click()

    there = f"All of it is at {STORAGE}, where sessions read it."
    expect(page.get_by_text(there)).to_be_visible(timeout=LONG)
    researcher.look("session-data")
    _status, told = researcher.api("GET", f"/sessions/{page.url.rpartition('/')[2]}")
    (row,) = told["data"]
    assert (row["did"], row["state"]) == (dataset, "here")
    assert bool(row["request"]) is not was_there
    assert is_there(researcher, dataset)


@pytest.mark.usefixtures("stopped")
def test_an_analysis_opens_in_a_session_and_again_launches_it_once_more(
    researcher: Person,
) -> None:
    page = researcher.open("/analyses/dimuon-spectrum")
    page.get_by_role("link", name="Open in a session").click()
    page.get_by_role("button", name="Launch", exact=True).click()
    page.wait_for_url("**/sessions/*-*-*")
    expect(
        page.get_by_role("main").get_by_role("link", name="The dimuon invariant-mass")
    ).to_be_visible()
    first = page.url

    page = researcher.open("/")
    researcher.look("home-quick")
    page.get_by_role("button", name="Again like last time").click()
    page.wait_for_url("**/sessions/*-*-*")

    assert page.url != first
    newest, before = sessions(researcher)[:2]
    assert newest["origin"] == before["origin"]
    assert newest["datasets"] == before["datasets"]
