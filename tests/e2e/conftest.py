"""The running stack as a person meets it: Debian's Chromium, with every page checked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebSocket,
    sync_playwright,
)

from demo import totp
from demo.people import PEOPLE
from demo.people import Person as Account
from demo.stack import Stack
from tests.signin import running_stack

SLOW = 60_000
ANALYSIS = "dimuon-spectrum"
RUN_SECONDS = 180.0
#: Colours on their way from one theme to the other have no contrast worth judging.
SETTLED = "Promise.allSettled(document.getAnimations().map(one => one.finished))"
REPOSITORY = Path(__file__).resolve().parents[2]
# Chromium's own services are not reachable from a closed network, and not wanted.
CHROMIUM = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The stack that the test command started."""
    return running_stack()


@pytest.fixture(scope="session")
def demo(stack: Stack) -> Callable[..., str]:
    """Run a command of the demo on the stack."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "demo", *arguments, "--state", str(stack.state)]
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def status(demo: Callable[..., str]) -> Callable[[], dict[str, Any]]:
    """Return what `status --json` tells."""
    return lambda: dict(json.loads(demo("status", "--json")))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        arguments = [*CHROMIUM, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield chromium
        chromium.close()


#: All that browsers asked for and were given, but for scripts, styles and pictures of components.
RECORDED = re.compile(r"^(?!.*(/static/|/extensions/|\.(js|css|woff2|svg|map)(\?|$))).*$")


class Person:
    """Somebody at a browser; whatever the pages get wrong is remembered in `faults`.

    All traffic is written down, and so are the messages of websockets: tokens are looked for there.
    """

    everybody: ClassVar[list[Person]] = []

    def __init__(
        self, browser: Browser, stack: Stack, username: str, *, scripts: bool = True
    ) -> None:
        self.stack, self.username = stack, username
        self.home = stack.url("portal")
        self.faults: list[str] = []
        self.record = stack.folder("browsers") / f"{username}-{len(self.everybody)}.har"
        self.frames: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1360, "height": 900},
            permissions=["clipboard-write"],
            java_script_enabled=scripts,
            record_har_path=self.record,
            record_har_content="embed",
            record_har_url_filter=RECORDED,
        )
        self.context.set_default_timeout(SLOW)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("websocket", self._listen)
        self.everybody.append(self)

    def _listen(self, socket: WebSocket) -> None:
        for event in ("framesent", "framereceived"):
            socket.on(event, lambda frame: self.frames.append(str(frame)))

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused resource, script or style: the Content-Security-Policy at work.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console at {self.page.url}: {message.text}")

    def open(self, path: str) -> Page:
        """Open a page of the portal."""
        self.page.goto(f"{self.home}{path}")
        return self.page

    @property
    def account(self) -> Account:
        """Return the account at the home institute."""
        return next(person for person in PEOPLE if person.username == self.username)

    def sign_in(self) -> None:
        """Sign in at the home institute with a password."""
        page = self.open("/accounts/login/")
        page.locator(f"form[action='/accounts/login/{self.account.provider}/'] button").last.click()
        self.enter_password(self.account)
        page.wait_for_url(f"{self.home}/**")
        if "/accounts/terms/" in page.url:
            self.look("terms")
            page.check("input[name=accept]")
            page.get_by_role("button", name="Accept").click()
            page.wait_for_url(f"{self.home}/accounts/services/")
            page.get_by_text("You are").nth(2).wait_for()

    def enter_password(self, account: Account) -> None:
        """Fill in the provider's page, and its second one where somebody has a second factor."""
        self.page.fill("input[name=username]", account.username)
        self.page.fill("input[name=password]", account.password(self.stack))
        self.page.click("button[type=submit]")
        if account.second_factor:
            self.page.fill("input[name=code]", totp.code(account.totp_secret(self.stack)))
            self.page.click("button[type=submit]")

    def prove_again(self) -> None:
        """Sign in once more where a page asks for it, because the last time was long ago."""
        self.page.wait_for_load_state()
        if self.page.get_by_role("heading", name="Sign in again to go on").is_visible():
            self.page.locator("main form[action^='/accounts/login/'] button").click()
            self.enter_password(self.account)
            self.page.wait_for_url(f"{self.home}/**")

    def look(self, name: str) -> None:
        """Check the page as it stands for accessibility; keep pictures where they are wanted."""
        for theme in ("light", "dark"):
            self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            self.page.evaluate(SETTLED)
            self._axe(f"{name}, {theme}")
            self._picture(f"{name}-{theme}")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 390, "height": 844})
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > 390:
            self.faults.append(f"{name}: {wide} px wide on a screen of 390 px")
        self._picture(f"{name}-narrow")
        self.page.set_viewport_size({"width": 1360, "height": 900})

    def _axe(self, name: str) -> None:
        found = Axe().run(self.page).response["violations"]
        self.faults += [
            f"axe, {name}: {fault['id']} at {fault['nodes'][0]['target']}" for fault in found
        ]

    def _picture(self, name: str) -> None:
        folder = os.environ.get("VRE_PICTURES")
        if folder:
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    def api(self, method: str, path: str, *, data: Any = None, text: str = "") -> Any:
        """Call the API as the signed-in browser: the status, and the JSON if there is any."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}
        token = next(value for name, value in cookies.items() if name.startswith("vre_csrf"))
        headers = {"X-CSRFToken": token, "Referer": f"{self.home}/"}
        if text:
            headers["Content-Type"] = "application/json"
        url = f"{self.home}/api/v1{path}"
        answer = self.context.request.fetch(url, method=method, headers=headers, data=text or data)
        return answer.status, answer.json() if answer.body() else None


@pytest.fixture(scope="session")
def people(browser: Browser, stack: Stack) -> Iterator[Callable[[str], Person]]:
    """People who are signed in, one browser context each."""
    known: dict[str, Person] = {}

    def person(username: str) -> Person:
        if username not in known:
            known[username] = Person(browser, stack, username)
            known[username].sign_in()
        return known[username]

    yield person
    for somebody in known.values():
        somebody.context.close()


@pytest.fixture
def researcher(people: Callable[[str], Person]) -> Iterator[Person]:
    """The researcher; a test fails when a page that it visited was at fault."""
    somebody = people("researcher")
    somebody.faults.clear()
    yield somebody
    assert somebody.faults == []


@pytest.fixture
def finished_run(researcher: Person) -> str:
    """A reproduction by the researcher that has ended, by its id."""
    status, told = researcher.api("POST", f"/analyses/{ANALYSIS}/runs", data={})
    assert status == 202, told
    until = time.monotonic() + RUN_SECONDS
    while told["state"] not in {"finished", "failed", "stopped"}:
        assert time.monotonic() < until, told["message"]
        time.sleep(1)
        _status, told = researcher.api("GET", f"/runs/{told['id']}")
    assert told["state"] == "finished", told["message"]
    return str(told["id"])
