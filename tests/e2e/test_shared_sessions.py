"""A session that two people use: looking, working, and a revocation that closes what is open."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from demo.stack import Stack
from tests.contract.test_hub_server import Hub, Server
from tests.e2e.conftest import Person

LONG = 150_000
#: A revocation is there at once; on a busy machine a worker needs its turn.
#: Seconds from the answer to the owner until nothing opens any more.
AT_ONCE = 3.0
SECONDS = 20
OK, FORBIDDEN = 200, 403
NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
#: Opens a websocket of the session from its own page, and remembers how it closes.
WATCH = """([address]) => new Promise((done, failed) => {
  const socket = new WebSocket(address);
  socket.onopen = () => done(true);
  socket.onerror = () => failed(new Error("the websocket did not open"));
  socket.onclose = (event) => { window.closedWith = event.code; };
})"""


class Shared:
    """The owner's session as each of the two meets it."""

    def __init__(self, owner: Person, guest: Person) -> None:
        self.owner, self.guest = owner, guest
        _status, found = owner.api("POST", "/sessions", data={"environment": "light"})
        self.id: str = found["id"]
        deadline = time.monotonic() + LONG / 1000
        while found["state"] != "ready":
            assert found["state"] in {"queued", "starting"}, found["message"]
            assert time.monotonic() < deadline, "the session does not start"
            owner.page.wait_for_timeout(500)
            _status, found = owner.api("GET", f"/sessions/{self.id}")
        self.url: str = found["url"]
        self.handle, self.server = urlsplit(self.url).path.split("/")[2:4]
        self.base = self.url[: self.url.index(self.server)] + f"{self.server}/"

    def share(self, level: str) -> None:
        """Fill the form in as the owner does."""
        _status, me = self.guest.api("GET", "/me")
        page = self.owner.open(f"/sessions/{self.id}/share")
        page.get_by_label("Person").fill(me["handle"])
        page.locator(f"input[name=level][value={level}]").check()
        if level == "work":
            page.get_by_label("I trust them").check()
        self.owner.look(f"share with {level}")
        page.locator("main").get_by_role("button", name="Share", exact=True).click()
        page.get_by_text("is shared with").first.wait_for()

    def revoke(self) -> None:
        """Take back by API what there is."""
        _status, shares = self.owner.api("GET", f"/sessions/{self.id}/shares")
        for one in shares["items"]:
            address = f"{self.owner.home}/api/v1/sessions/{self.id}/shares/{one['id']}"
            answer = self.owner.context.request.delete(address, headers=csrf(self.owner))
            assert answer.status == 204

    def opened(self) -> Page:
        """Open it as the guest: by the list, the share's page, and the hub's one question."""
        page = self.guest.open("/sessions/")
        page.locator("#shared-with-you").get_by_role("link").first.click()
        self.guest.look("shared with you")
        with self.guest.context.expect_page() as opened:
            page.get_by_role("main").get_by_role("button", name="Open").click()
        tab = opened.value
        there = tab.locator(":is(.jp-Notebook, .jp-Launcher, #jp-main-dock-panel):visible").first
        agree = tab.get_by_role("button", name=re.compile("Authorize"))
        expect(there.or_(agree).first).to_be_visible(timeout=LONG)
        if agree.is_visible():
            agree.click()
        there.wait_for(timeout=LONG)
        assert urlsplit(tab.url).path.startswith(urlsplit(self.base).path)
        assert "token" not in tab.url
        return tab

    def asks(self, method: str, path: str, data: Any = None) -> int:
        """Return what the session answers to the guest's browser."""
        cookies = self.guest.context.cookies(self.base)
        xsrf = next((one["value"] for one in cookies if one["name"].startswith("_xsrf")), "")
        return self.guest.context.request.fetch(
            f"{self.base}{path}", method=method, data=data, headers={"X-XSRFToken": xsrf},
            max_redirects=0,
        ).status  # fmt: skip


def csrf(person: Person) -> dict[str, str]:
    cookies = {cookie["name"]: cookie["value"] for cookie in person.context.cookies()}
    token = next(value for name, value in cookies.items() if name.startswith("vre_csrf"))
    return {"X-CSRFToken": token, "Referer": f"{person.home}/"}


@pytest.fixture
def colleague(people: Callable[[str], Person]) -> Iterator[Person]:
    """Somebody of another institute; what the portal's pages get wrong fails the test."""
    somebody = people("colleague")
    somebody.faults.clear()
    yield somebody
    assert somebody.faults == []


@pytest.fixture(scope="module")
def shared(people: Callable[[str], Person], stack: Stack) -> Iterator[Shared]:
    """The researcher's session, for the tests that follow each other."""
    made = Shared(people("researcher"), people("colleague"))
    server = Server(Hub(stack), made.handle, made.server)
    server.contents(server.token(), "fit.ipynb", json=_file(NOTEBOOK))
    yield made
    made.owner.open(f"/sessions/{made.id}")
    headers = csrf(made.owner)
    made.owner.context.request.post(
        f"{made.owner.home}/api/v1/sessions/{made.id}/stop", headers=headers
    )


def _file(content: str) -> dict[str, str]:
    return {"type": "file", "format": "text", "content": content}


def test_nobody_comes_in_without_a_share(
    researcher: Person, colleague: Person, shared: Shared
) -> None:
    tab = colleague.context.new_page()

    answer = tab.goto(shared.url)

    assert answer is not None
    assert answer.status == FORBIDDEN
    status, _problem = colleague.api("GET", f"/sessions/{shared.id}")
    assert status == 404
    tab.close()


def test_who_may_look_reads_and_changes_nothing(
    researcher: Person, colleague: Person, shared: Shared
) -> None:
    shared.share("view")

    tab = shared.opened()

    assert shared.asks("GET", "api/contents/fit.ipynb") == OK
    assert shared.asks("POST", "api/terminals") == FORBIDDEN
    assert shared.asks("PUT", "api/contents/new.txt", _file("mine")) == FORBIDDEN
    assert shared.asks("DELETE", "api/contents/fit.ipynb") == FORBIDDEN
    assert shared.asks("GET", "vre/usage") == FORBIDDEN
    tab.close(run_before_unload=False)


def test_who_may_work_works_until_it_is_taken_back(
    researcher: Person, colleague: Person, shared: Shared
) -> None:
    shared.share("work")
    page = researcher.open(f"/sessions/{shared.id}")
    colleague.open("/sessions/")
    tab = shared.opened()
    assert shared.asks("POST", "api/terminals") == OK
    socket = f"{shared.base.replace('http', 'ws', 1)}terminals/websocket/1"
    tab.evaluate(WATCH, [socket])

    page.reload()
    expect(page.locator("#shares")).to_contain_text("Was let in: Coline Colleague")
    researcher.look("session that is shared")
    shared.revoke()

    tab.wait_for_function("window.closedWith !== undefined", timeout=SECONDS * 1000)
    # Both shares are taken back one after the other: without the first one may still look.
    deadline = time.monotonic() + AT_ONCE
    while shared.asks("GET", "api/contents/fit.ipynb") == OK:
        assert time.monotonic() < deadline, "a share that was taken back still opens the session"
        tab.wait_for_timeout(100)
    assert shared.asks("POST", "api/terminals") != OK
    expect(colleague.open("/sessions/").locator("#shared-with-you")).to_have_count(0)
    tab.close(run_before_unload=False)


def test_a_notebook_is_handed_over_and_opens_in_a_session_of_ones_own(
    researcher: Person, colleague: Person, shared: Shared
) -> None:
    _status, me = colleague.api("GET", "/me")
    page = researcher.open(f"/sessions/{shared.id}/handovers?path=fit.ipynb")
    page.get_by_label("Person").fill(me["handle"])
    researcher.look("hand over")
    page.locator("main").get_by_role("button", name="Hand over").click()
    page.get_by_text("It is handed over").first.wait_for()
    researcher.look("handed over")

    theirs = colleague.open("/sessions/handovers/")
    theirs.get_by_role("main").get_by_role("link", name="fit.ipynb").first.click()
    colleague.look("a handover")
    theirs.get_by_label("Session").select_option(label="A new session")
    theirs.get_by_role("button", name="Open in a session").click()

    opens = theirs.get_by_role("main").get_by_role("link", name=re.compile("^Open"))
    expect(opens.first).to_be_visible(timeout=LONG)
    assert re.search(r"/lab/tree/fit(-\d+)?\.ipynb$", str(opens.first.get_attribute("href")))
    mine = theirs.url.rpartition("/")[2].partition("?")[0]
    headers = csrf(colleague)
    colleague.context.request.post(f"{colleague.home}/api/v1/sessions/{mine}/stop", headers=headers)
