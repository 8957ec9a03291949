"""The demo's hub and portal: a cookie of the hub opens nothing once the portal lets nobody in.

The stack is the one whose state folder VRE_TEST_STACK names; no test leaves anything there.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
import requests

from demo.people import PEOPLE
from demo.portal.component import variables
from demo.stack import REPOSITORY, Stack
from tests.browsing import Browser
from tests.contract.test_hub_server import Hub, Server
from tests.signin import running_stack

PERSON = next(person for person in PEOPLE if person.username == "newcomer")
REACHED_SECONDS = 60.0
POLL_SECONDS = 1.0


class Visitor:
    """A browser of the newcomer's, signed in at the portal and by it at the hub."""

    def __init__(self, stack: Stack) -> None:
        self.browser = Browser(stack, PERSON)
        self._hub = stack.url("hub")
        self.browser.sign_in()
        self.handle: str = self.browser.get("/api/v1/me").json()["handle"]
        assert self.open("/hub/home", follow=True).status_code == 200

    def sign_out_everywhere(self) -> None:
        """End every browser of the person."""
        self.browser.post("/accounts/browsers/everywhere/", follow=False)

    def open(self, path: str, *, follow: bool = False) -> requests.Response:
        """Open an address below the hub's."""
        url = f"{self._hub}{path}"
        return self.browser.web.get(url, allow_redirects=follow, timeout=30)

    def is_in(self, path: str) -> bool:
        """Whether an address opens with the cookies as they are."""
        return self.open(path).status_code == 200

    def shut_out_of(self, path: str) -> bool:
        """Whether an address has stopped to open within a minute."""
        deadline = time.monotonic() + REACHED_SECONDS
        while self.is_in(path):
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub(running_stack())


@pytest.fixture
def visitor(hub: Hub) -> Iterator[Visitor]:
    """The only browser in which the person is signed in."""
    Visitor(hub.stack).sign_out_everywhere()
    visitor = Visitor(hub.stack)
    yield visitor
    visitor.sign_out_everywhere()


@pytest.fixture
def server(hub: Hub, visitor: Visitor) -> Iterator[Server]:
    """A running session of the visitor's."""
    server = Server(hub, visitor.handle, "s-doors")
    try:
        server.started(profile="light")
        yield server
    finally:
        server.removed()


def manage(stack: Stack, *arguments: str) -> None:
    """Run a command of the stack's portal, as an operator does."""
    subprocess.run(
        [stack.python("portal"), REPOSITORY / "manage.py", *arguments],
        env={"PATH": os.defpath, **variables(stack)},
        check=True,
        capture_output=True,
        timeout=60,
    )


@contextmanager
def suspended(stack: Stack, handle: str) -> Iterator[None]:
    """Somebody is suspended for a while."""
    manage(stack, "suspend", handle, "--reason", "contract test")
    try:
        yield
    finally:
        manage(stack, "reinstate", handle)


def test_a_suspended_person_gets_nothing_at_the_hub_within_a_minute(
    hub: Hub, visitor: Visitor
) -> None:
    api = f"/hub/api/users/{visitor.handle}"

    with suspended(hub.stack, visitor.handle):
        shut_out = visitor.shut_out_of("/hub/home")
        pages = [visitor.open(path) for path in ("/hub/home", "/hub/spawn", "/hub/token", api)]
        silently = visitor.open("/hub/home", follow=True)

    assert shut_out
    assert [page.status_code for page in pages] == [302, 302, 302, 403]
    assert not silently.url.startswith(hub.stack.url("hub"))
    assert not visitor.is_in("/hub/home"), "reinstated people sign in again"


def test_a_start_is_refused_to_a_suspended_person_at_once(hub: Hub, visitor: Visitor) -> None:
    with suspended(hub.stack, visitor.handle):
        visitor.open("/hub/spawn")
        shut_out = visitor.shut_out_of("/hub/home")
        servers = hub.call("GET", f"/users/{visitor.handle}").json()["servers"]

    assert shut_out
    assert not servers


def test_signing_out_closes_the_hub_and_the_page_of_a_session_that_goes_on(
    hub: Hub, visitor: Visitor, server: Server
) -> None:
    contents = f"/user/{server.user}/{server.name}/api/contents/"
    assert visitor.open(f"/user/{server.user}/{server.name}/lab", follow=True).ok
    assert visitor.is_in(contents)

    visitor.browser.post("/accounts/logout/", follow=False)

    assert visitor.shut_out_of(contents)
    assert not visitor.is_in("/hub/home")
    assert hub.call("GET", server.path).json()["ready"]
    assert server.contents(server.token(), "").ok, "the portal still reaches the session"
    assert f'"name": "{server.user}"' in server.shell(
        'curl -s -H "Authorization: token $JUPYTERHUB_API_TOKEN" $JUPYTERHUB_API_URL/user'
    )


def test_an_old_cookie_stays_closed_when_its_owner_signs_in_elsewhere(
    hub: Hub, visitor: Visitor
) -> None:
    visitor.sign_out_everywhere()

    Visitor(hub.stack)

    assert not visitor.is_in("/hub/home")


def test_a_second_browser_leaves_the_first_one_in(hub: Hub, visitor: Visitor) -> None:
    second = Visitor(hub.stack)

    assert second.is_in("/hub/home")
    assert visitor.is_in("/hub/home")


def test_an_old_token_is_renewed_once_for_requests_at_the_same_time(
    hub: Hub, visitor: Visitor
) -> None:
    of_visitor = "accounts_user u WHERE t.user_id = u.id AND u.handle = %s"
    tokens, old = "oauth2_provider_accesstoken t", "now() - interval '1 s'"
    age = f"UPDATE {tokens} SET expires = {old} FROM {of_visitor}"
    young = f"SELECT count(*) FROM {tokens}, {of_visitor} AND expires > now()"
    deadline = time.monotonic() + REACHED_SECONDS

    def count(database: psycopg.Connection) -> int:
        row = database.execute(young.encode(), [visitor.handle]).fetchone()
        return row[0] if row else 0

    with psycopg.connect(variables(hub.stack)["VRE_DATABASE_URL"], autocommit=True) as database:
        database.execute(age.encode(), [visitor.handle])
        with ThreadPoolExecutor(4) as pool:
            while not (found := count(database)):
                assert all(pool.map(visitor.is_in, ["/hub/home"] * 4))
                assert time.monotonic() < deadline, "the hub did not renew it"
            assert all(pool.map(visitor.is_in, ["/hub/home"] * 4))

    assert found == 1


def test_a_token_made_at_the_hub_ends_with_its_owners_sign_in(hub: Hub, visitor: Visitor) -> None:
    made = hub.call("POST", f"/users/{visitor.handle}/tokens", json={"expires_in": 300}).json()
    own = {"Authorization": f"token {made['token']}"}
    url = hub.stack.url("hub", f"/hub/api/users/{visitor.handle}")
    assert requests.get(url, headers=own, timeout=30).ok

    visitor.browser.post("/accounts/logout/", follow=False)

    assert visitor.shut_out_of("/hub/home")
    assert requests.get(url, headers=own, timeout=30).status_code == 403


def test_the_tokens_that_the_hub_keeps_reach_neither_the_person_nor_their_session(
    hub: Hub, visitor: Visitor, server: Server
) -> None:
    path = f"/hub/api/users/{visitor.handle}"

    by_cookie = visitor.open(path)
    printed = server.shell(
        'curl -s -H "Authorization: token $JUPYTERHUB_API_TOKEN" '
        f"$JUPYTERHUB_API_URL/users/{visitor.handle}; env"
    )

    assert by_cookie.status_code == 200
    for text in (by_cookie.text, printed):
        assert "auth_state" not in text
        assert "access_token" not in text
