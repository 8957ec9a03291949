"""A certified OpenID provider, known to the portal by an entry of its configuration alone."""

from __future__ import annotations

import json
import re
import secrets
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from demo import certified, process
from demo.stack import Stack
from tests.e2e.conftest import Person

SECONDS = 15_000
#: A websocket of the page's own kind, which writes down with which code it was closed.
LISTEN = """() => new Promise((opened) => {
  const socket = new WebSocket(`ws://${location.host}/ws/live`);
  socket.addEventListener("open", () => opened());
  socket.addEventListener("close", (event) => { window.closedWith = event.code; });
})"""


@dataclass(frozen=True)
class Certified:
    """The running provider and one of its people."""

    stack: Stack
    issuer: str
    account: dict[str, str] = field(repr=False)

    def person(self, browser: Browser) -> Visitor:
        """Return that person at a browser of their own, signed in nowhere."""
        return Visitor(browser, self)


class Visitor(Person):
    """Somebody who signs in with the certified provider; keeps which of its pages were shown."""

    def __init__(self, browser: Browser, provider: Certified) -> None:
        super().__init__(browser, provider.stack, provider.account["username"])
        self.provider = provider
        self.asked: list[Request] = []
        self.page.on("request", self._keep)

    def _keep(self, request: Request) -> None:
        if request.url.startswith(self.provider.issuer) and request.is_navigation_request():
            self.asked.append(request)

    def choose(self) -> Page:
        """Take the provider's card on the sign-in page."""
        page = self.open("/accounts/login/")
        page.get_by_role("button", name=f"Sign in with {certified.NAME}").click()
        return page

    def sign_in(self) -> None:
        """Sign in with a password."""
        page = self.choose()
        page.get_by_label("Username").fill(self.provider.account["username"])
        page.get_by_label("Password").fill(self.provider.account["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{self.home}/**")

    def is_signed_in(self) -> bool:
        """Whether the portal opens its pages."""
        return "/accounts/login/" not in self.open("/accounts/services/").url

    def shown(self) -> list[str]:
        """Return which of the provider's pages asked for a password."""
        return [one.url for one in self.asked if "/interaction/" in one.url]


@pytest.fixture(scope="module")
def provider(stack: Stack) -> Iterator[Certified]:
    """The provider with somebody whom the portal has never seen, until the end of the module."""
    name = f"ada{secrets.token_hex(3)}"
    account = {
        "sub": f"certified-{secrets.token_hex(8)}",
        "username": name,
        "password": secrets.token_urlsafe(12),
        "name": "Ada Certified",
        "email": f"{name}@certified.example",
    }
    certified.make(stack)
    log = stack.folder("logs") / "certified.log"
    running = process.start(
        certified.command(stack),
        log=log,
        folder=stack.environments / certified.SLUG,
        variables=certified.variables(stack, [account]),
        stop_signal=signal.SIGTERM,
    )
    issuer = certified.issuer(stack)
    try:
        up = process.wait_until(lambda: answers(issuer) or running.poll() is not None, 30.0)
        assert up, "the provider did not come up"
        assert running.poll() is None, log.read_text()[-2000:]
        yield Certified(stack, issuer, account)
    finally:
        process.stop(
            running.pid,
            stop_signal=signal.SIGTERM,
            patience=5.0,
            gone=lambda: running.poll() is not None,
        )


def answers(issuer: str) -> bool:
    document = f"{issuer}/.well-known/openid-configuration"
    try:
        with urllib.request.urlopen(document, timeout=2) as told:
            return bool(json.load(told)["issuer"] == issuer)
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def ada(browser: Browser, provider: Certified) -> Iterator[Visitor]:
    """The person, in one browser through the tests that follow each other."""
    somebody = provider.person(browser)
    yield somebody
    assert somebody.faults == []
    somebody.context.close()


def test_a_configured_provider_is_on_the_sign_in_page(ada: Visitor) -> None:
    page = ada.open("/accounts/login/")

    expect(page.get_by_role("button", name=f"Sign in with {certified.NAME}")).to_be_visible()
    ada.look("certified-login")


def test_somebody_new_signs_in_by_code_with_pkce(ada: Visitor) -> None:
    ada.sign_in()

    asked = next(one.url for one in ada.asked if "/auth?" in one.url)
    assert "response_type=code" in asked
    assert "code_challenge_method=S256" in asked
    expect(ada.page.get_by_role("heading", name="Terms of use")).to_be_visible()
    ada.look("certified-terms")


def test_the_terms_lead_to_the_checklist(ada: Visitor) -> None:
    ada.page.check("input[name=accept]")
    ada.page.get_by_role("button", name="Accept").click()

    expect(ada.page).to_have_url(f"{ada.home}/accounts/services/")


def test_the_api_names_the_issuer_of_the_identity(ada: Visitor, provider: Certified) -> None:
    status, me = ada.api("GET", "/me")

    assert status == 200
    assert [one["issuer"] for one in me["identities"]] == [provider.issuer]
    assert (me["display_name"], me["roles"]) == ("Ada Certified", ["member"])


def test_the_checklist_says_what_a_provider_without_token_exchange_does_not_open(
    ada: Visitor,
) -> None:
    page = ada.open("/accounts/services/")

    for service in ("Rucio", "REANA"):
        said = page.get_by_text(f"{certified.NAME} gives no token for {service}")
        expect(said).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text(re.compile("^You are "))).to_have_count(1, timeout=SECONDS)
    ada.look("certified-services")


def test_what_needs_its_token_says_so_too(ada: Visitor) -> None:
    status, problem = ada.api("GET", "/data/scopes")

    assert status == 502
    assert "gives no token for Rucio" in problem["detail"]


def test_a_second_sign_in_is_silent_while_the_provider_knows_the_browser(ada: Visitor) -> None:
    ada.context.clear_cookies(name=re.compile("^vre_"))
    assert not ada.is_signed_in()
    ada.asked.clear()

    ada.choose()

    ada.page.wait_for_url(f"{ada.home}/")
    assert ada.asked
    assert ada.shown() == []


def test_signing_out_ends_the_sign_in_at_the_provider_too(ada: Visitor) -> None:
    page = ada.open("/")
    page.locator("[popovertarget='person-menu'], summary").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name=f"Sign out of {certified.NAME}?").wait_for()

    page.get_by_role("button", name="Sign out").click()

    page.get_by_text(f"Here and at {certified.NAME}.").wait_for()
    ada.look("certified-signed-out")
    assert ada.page.url.startswith(f"{ada.home}/accounts/signed-out/?state=")
    ada.choose().get_by_label("Password").wait_for()


def test_a_sign_out_at_the_provider_reaches_the_portal_within_seconds(
    browser: Browser, ada: Visitor, provider: Certified
) -> None:
    ada.sign_in()
    elsewhere = provider.person(browser)
    elsewhere.sign_in()
    ada.open("/accounts/services/").evaluate(LISTEN)
    tab = ada.context.new_page()
    tab.goto(f"{provider.issuer}/session/end")

    tab.get_by_role("button", name="Sign out").click()

    tab.get_by_text(f"You are signed out of {certified.NAME}").wait_for()
    ada.page.wait_for_function("window.closedWith === 4401", timeout=SECONDS)
    assert not ada.is_signed_in()
    assert elsewhere.is_signed_in()  # the provider ended one session of two
    elsewhere.context.close()
