"""The life of a session: launched, looked at, extended, restarted, killed, and never lost."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Page, expect

from demo.mail import component as mail
from demo.portal.component import variables
from demo.process import wait_until
from demo.stack import Stack
from tests.contract.test_hub_server import Hub, Server
from tests.e2e.conftest import Person
from tests.e2e.test_faults import pid_of

LONG = 150_000
#: The clock looks for ends every 15 seconds.
WARNED_WITHIN = 30.0
#: The portal promises to see a dead session, and a hub that is back, within 20 seconds.
SEEN_WITHIN = 20.0
TOLD_WITHIN = 30.0


def state_of(page: Page) -> str:
    return page.locator("main .state").first.inner_text()


def the_session(researcher: Person, stack: Stack, page: Page) -> Server:
    """Return the session of a page as the hub knows it."""
    _status, found = researcher.api("GET", f"/sessions/{page.url.rpartition('/')[2]}")
    _user, handle, name = urlsplit(found["url"]).path.split("/")[1:4]
    return Server(Hub(stack), handle, name)


def launch(researcher: Person, name: str) -> Page:
    page = researcher.open(f"/sessions/new?environment=light&name={name}")
    page.get_by_role("button", name="Launch", exact=True).dblclick()
    expect(page.get_by_role("link", name="Open", exact=True)).to_be_visible(timeout=LONG)
    return page


def pids_of(stack: Stack, server: Server) -> list[int]:
    """Return the processes of a session: those that hold its folder's variable."""
    mark = f"VRE_SESSION_DIR={stack.state / 'hub' / 'homes' / server.user}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            text = environ.read_bytes()
        except OSError:
            continue
        if mark in text and f"/.vre/{server.name}".encode() in text:
            found.append(int(environ.parent.name))
    return found


@pytest.fixture(scope="module")
def page_of(people: Callable[[str], Person]) -> Iterator[str]:
    """A session that the tests here share; the address of its page."""
    researcher = people("researcher")
    page = launch(researcher, "A+life")
    yield urlsplit(page.url).path
    _status, _ = researcher.api("POST", f"/sessions/{page_id(urlsplit(page.url).path)}/stop")


def page_id(path: str) -> str:
    return path.rpartition("/")[2]


def test_what_it_uses_appears_without_a_reload(researcher: Person, page_of: str) -> None:
    page = researcher.open(page_of)

    memory = page.locator("[data-meter=memory] [data-meter-text]")
    expect(memory).to_contain_text(re.compile(r"[1-9].* of 1.* GiB"), timeout=LONG)
    expect(page.locator("[data-meter=home]")).to_contain_text("10 GiB", timeout=LONG)
    researcher.look("session-ready")


@pytest.mark.usefixtures("page_of")
def test_a_double_click_launches_one(researcher: Person) -> None:
    _status, found = researcher.api("GET", "/sessions?limit=500")

    assert [row["name"] for row in found["items"]].count("A life") == 1


def test_its_end_is_counted_down_and_put_off_in_one_click(researcher: Person, page_of: str) -> None:
    page = researcher.open(page_of)
    ends = page.get_by_text(re.compile("^Ends in"))
    expect(ends.first).to_contain_text(re.compile("[0-9]+ minutes"))
    _status, before = researcher.api("GET", f"/sessions/{page_id(page_of)}")

    page.get_by_role("button", name="Extend").click()

    expect(page.get_by_text("goes on.").first).to_be_visible()
    _status, after = researcher.api("GET", f"/sessions/{page_id(page_of)}")
    assert after["expires_at"] > before["expires_at"]


def test_every_page_and_a_mail_warn_before_the_end(
    researcher: Person, stack: Stack, page_of: str
) -> None:
    page = researcher.open("/data/?scope=cms")
    with psycopg.connect(variables(stack)["VRE_DATABASE_URL"]) as database:
        database.execute(
            "UPDATE interactive_sessions_session SET ready_at = now() - interval '2 hours',"
            " expires_at = now() + interval '9 minutes' WHERE id = %s",
            [page_id(page_of)],
        )

    warning = page.get_by_text("A life is about to end")
    expect(warning).to_be_visible(timeout=WARNED_WITHIN * 1000)
    researcher.look("session-ending")
    assert wait_until(lambda: any("A life ends at" in one for one in mails(stack, researcher)), 20)
    page.get_by_role("button", name="Extend").click()

    expect(page.get_by_text("A life goes on.")).to_be_visible()
    expect(warning).to_be_hidden()
    assert page.url.endswith("/data/?scope=cms")


def mails(stack: Stack, person: Person) -> list[str]:
    """Return the subjects of what has arrived in somebody's mail box."""
    files = mail.messages(stack).glob("*.eml")
    read = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    mine = [one for one in read if one["X-Envelope-To"] == person.account.email]
    return [str(one["Subject"]) for one in mine]


def test_a_restart_takes_another_lifetime_under_the_same_address(
    researcher: Person, page_of: str
) -> None:
    page = researcher.open(page_of)
    page.get_by_role("link", name="Restart").click()
    researcher.look("session-restart")
    page.get_by_label("Lifetime").select_option(label="8 hours")
    page.get_by_role("button", name="Restart").click()

    expect(page.get_by_text("The session is restarting").first).to_be_visible()
    expect(page.get_by_role("link", name="Open", exact=True)).to_be_visible(timeout=LONG)
    assert page.url.endswith(page_of)
    expect(page.get_by_text("8 hours").first).to_be_visible()


def test_it_is_renamed(researcher: Person, page_of: str) -> None:
    page = researcher.open(page_of)
    page.get_by_text("Rename", exact=True).first.click()
    page.get_by_label("Name", exact=True).fill("A long life")
    # What happens meanwhile folds nothing up and takes no word away.
    told = researcher.api("PATCH", f"/sessions/{page_id(page_of)}", data={"keep_alive": True})
    assert told[0] == 200
    expect(page.get_by_text("Kernels that work keep the session alive").first).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("A long life")
    page.get_by_role("button", name="Rename").click()

    expect(page.get_by_role("heading", name="A long life")).to_be_visible()


def test_an_answer_is_for_what_was_asked_not_for_what_the_page_made_of_it(
    researcher: Person, page_of: str
) -> None:
    page = researcher.open(page_of)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.post_data else None)
    page.get_by_role("button", name="Stop").first.click()
    # As when a live list puts another session's row in the place of the one that has ended; at
    # once, as the page may be told anew between two steps.
    other = """yes => {
        const form = document.querySelector("form[data-confirm]");
        form.setAttribute("action", "/sessions/another/stop");
        yes.click();
    }"""
    question = page.locator("dialog[open]")
    question.get_by_role("button", name="Stop").evaluate(other)

    expect(question).to_have_count(0)
    assert not sent
    assert state_of(page) == "ready"


def test_another_one_finds_nothing_at_its_addresses(
    people: Callable[[str], Person], researcher: Person, stack: Stack, page_of: str
) -> None:
    server = the_session(researcher, stack, researcher.open(page_of))
    stranger = people("colleague")

    for part in ("", "/restart", "/files/", "/log"):
        answer = stranger.context.request.get(f"{stranger.home}{page_of}{part}")
        assert answer.status == 404, part
    for method, part in (("GET", ""), ("POST", "/extend"), ("POST", "/stop"), ("GET", "/usage")):
        status, _ = stranger.api(method, f"/sessions/{page_id(page_of)}{part}")
        assert status == 404, part
    tab = stranger.context.new_page()
    shown = tab.goto(stack.url("hub", f"/user/{server.user}/{server.name}/lab"))
    assert shown is not None
    assert shown.status == 403
    tab.close()


def test_a_worker_killed_in_a_start_costs_no_session(
    researcher: Person, status: Callable[[], dict[str, Any]]
) -> None:
    worker = pid_of(status(), "worker")
    page = researcher.open("/sessions/new?environment=light&name=Interrupted")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page.locator("main .state").first).to_have_text("queued")

    os.kill(worker, signal.SIGKILL)

    opens = page.get_by_role("link", name="Open", exact=True)
    expect(opens).to_be_visible(timeout=SEEN_WITHIN * 1000)
    key = page_id(page.url)
    _status, activity = researcher.api("GET", "/activity")
    mine = [row["verb"] for row in activity["items"] if row["subject_id"] == key]
    assert sorted(mine) == ["session.launched", "session.ready"]
    researcher.api("POST", f"/sessions/{key}/stop")


def test_a_hub_that_stops_and_starts_loses_no_session(
    researcher: Person, demo: Callable[..., str], stack: Stack, page_of: str
) -> None:
    page = researcher.open(page_of)
    server = the_session(researcher, stack, page)
    before = server.shell("echo $PPID")
    demo("stop", "hub")
    try:
        told = page.get_by_text("JupyterHub does not answer")
        for _attempt in range(20):
            page.reload()
            if told.count():
                break
            page.wait_for_timeout(1000)
        expect(told.first).to_be_visible()
        assert state_of(page) == "ready"
    finally:
        demo("start", "hub")

    back = time.monotonic()
    while True:
        page.reload()
        if not page.get_by_text("JupyterHub does not answer").count():
            break
        assert time.monotonic() < back + SEEN_WITHIN
        page.wait_for_timeout(500)
    assert state_of(page) == "ready"
    assert "echo" in before
    assert server.shell("echo still here").count("still here") >= 1


def test_a_killed_session_is_seen_within_20_seconds(
    researcher: Person, stack: Stack, page_of: str
) -> None:
    page = researcher.open(page_of)
    server = the_session(researcher, stack, page)
    killed = pids_of(stack, server)
    assert killed

    for pid in killed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue

    expect(page.locator("main .state").first).to_have_text("stopped", timeout=SEEN_WITHIN * 1000)
    researcher.look("session-killed")


def test_a_session_that_ends_at_once_is_told_with_the_end_of_its_log(
    researcher: Person, stack: Stack
) -> None:
    page = launch(researcher, "Doomed")
    server = the_session(researcher, stack, page)
    settings = "~/.jupyter/jupyter_server_config.py"
    server.shell(f"mkdir -p ~/.jupyter; echo 'raise SystemExit(\"on fire\")' > {settings}")
    page.get_by_role("button", name="Stop").first.click()
    page.locator("dialog[open], [popover]:popover-open").get_by_role("button", name="Stop").click()
    expect(page.locator("main .state").first).to_have_text("stopped", timeout=LONG)
    try:
        page.get_by_role("button", name="Launch again").click()

        failed = page.get_by_text("It did not start")
        expect(failed).to_be_visible(timeout=TOLD_WITHIN * 1000)
        expect(page.locator("pre")).to_contain_text("on fire")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        researcher.look("session-failed")
        page.get_by_role("button", name="Remove from the list").click()
        expect(page.get_by_text("is off your list.")).to_be_visible()
    finally:
        home = stack.state / "hub" / "homes" / server.user
        (home / ".jupyter" / "jupyter_server_config.py").unlink()
