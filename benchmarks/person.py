"""One person at both doors: signed in at the portal, and with a token of their own for Rucio."""

from __future__ import annotations

import html
import re
import time
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

from demo.people import PEOPLE
from demo.stack import Stack
from tests.signin import exchange, sign_in

TIMEOUT = 30
ACCOUNT_SECONDS = 60
PROVIDER = re.compile(r'action="(/accounts/login/[a-z-]+/[^"]*)"')
HIDDEN = re.compile(r'type="hidden" name="([\w-]+)" value="([^"]*)"')


@dataclass(frozen=True)
class Person:
    """A browser at the portal and a session at Rucio; both keep their connections."""

    portal: requests.Session
    rucio: requests.Session


def person(stack: Stack, username: str) -> Person:
    """Return a demo person at both doors."""
    portal = _browser(stack, username)
    _wait_for_accounts(portal, stack)
    rucio = requests.Session()
    rucio.headers["X-Rucio-Auth-Token"] = exchange(stack, sign_in(stack, username), "rucio")
    return Person(portal, rucio)


def _wait_for_accounts(browser: requests.Session, stack: Stack) -> None:
    """Wait until a first sign-in has its account in each backend."""
    deadline = time.monotonic() + ACCOUNT_SECONDS
    while time.monotonic() < deadline:
        answer = browser.get(stack.url("portal", "/api/v1/me"), timeout=TIMEOUT)
        answer.raise_for_status()
        if all(row["state"] == "ready" for row in answer.json()["backends"]):
            return
        time.sleep(0.5)
    raise TimeoutError("The person's accounts were not made in time.")


def _browser(stack: Stack, username: str) -> requests.Session:
    """Sign in as a browser does: choose the provider, type the password, accept the terms."""
    known = next(person for person in PEOPLE if person.username == username)
    browser = requests.Session()
    page = browser.get(stack.url("portal", "/accounts/login/"), timeout=TIMEOUT)
    ways = PROVIDER.findall(page.text)
    way = next(path for path in ways if f"/login/{known.provider}/" in path)
    page = _send(browser, page, html.unescape(way), {})
    if "password" in page.text and "csrfmiddlewaretoken" in page.text:
        answers = {"username": known.username, "password": known.password(stack)}
        page = _send(browser, page, page.url, answers)
    if "/accounts/terms/" in page.url:
        page = _send(browser, page, page.url, {"accept": "yes"})
    return browser


def _send(
    browser: requests.Session, page: requests.Response, path: str, answers: dict[str, str]
) -> requests.Response:
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(page.text)}
    return browser.post(
        urljoin(page.url, path),
        data={**hidden, **answers},
        headers={"Referer": page.url},
        timeout=TIMEOUT,
    )
