"""From inside a running session: none of the portal's secrets can be reached, and all works.

The stack is the one whose state folder VRE_TEST_STACK names; no test leaves anything there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests

from demo import parts
from demo.bootstrap import Environments
from demo.people import issuer
from demo.process import wait_until
from demo.stack import REPOSITORY
from tests.contract.test_hub_doors import Visitor, suspended
from tests.contract.test_hub_server import Hub, Server
from tests.contract.test_one_refresh import Vault
from tests.signin import running_stack

PROBES = REPOSITORY / "tests" / "contract" / "probes"
LIVES = 10
SECONDS = 90.0
#: What nobody in a session may have: the stack's own secrets.
SECRETS = ("hub-service-token", "hub-oauth-client", "hub-cookies", "hub-proxy", "rucio-root")


class Inside:
    """A running session of somebody signed in, and what its programs find."""

    def __init__(self, hub: Hub, visitor: Visitor) -> None:
        self.hub, self.visitor = hub, visitor
        self.server = Server(hub, visitor.handle, _launched(visitor))
        self._token = self.server.token()

    def file(self, name: str) -> str | None:
        """Return a file's text by the session's own API, None where there is none."""
        answer = self.server.contents(self._token, name)
        return answer.json()["content"] if answer.ok else None

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.file(name) is not None

    def write(self, name: str, text: str) -> None:
        """Put a file into the session."""
        model = {"type": "file", "format": "text", "content": text}
        assert self.server.contents(self._token, name, json=model).ok

    def run(self, name: str, **told: object) -> Any:
        """Run a probe in the session and return what it found."""
        self.write("probe.py", (PROBES / f"{name}.py").read_text())
        self.write("probe.json", json.dumps(told))
        printed = self.server.shell("python probe.py > found.json 2> failed.txt; cat failed.txt")
        found = self.file("found.json")
        assert found, printed
        return json.loads(found)

    def shell(self, line: str) -> str:
        """Run a line in a new terminal, as its user would."""
        return self.server.shell(line)


def _launched(visitor: Visitor) -> str:
    """Launch a session at the portal, which lends to no other, and return its server's name."""
    page = visitor.browser.post("/sessions/new", environment="light", name="Inside")
    told = f"/api/v1/sessions/{page.url.rpartition('/')[2]}"
    assert wait_until(lambda: visitor.browser.get(told).json()["state"] == "ready", SECONDS), told
    return str(urlsplit(visitor.browser.get(told).json()["url"]).path.split("/")[3])


@pytest.fixture(scope="module")
def hub() -> Hub:
    stack = running_stack()
    Environments(stack.environments, parts.requirements(), print).build("reana-client")
    return Hub(stack)


@pytest.fixture(scope="module")
def visitor(hub: Hub) -> Iterator[Visitor]:
    Visitor(hub.stack).sign_out_everywhere()
    visitor = Visitor(hub.stack)
    yield visitor
    visitor.sign_out_everywhere()


@pytest.fixture(scope="module")
def inside(hub: Hub, visitor: Visitor) -> Iterator[Inside]:
    found = Inside(hub, visitor)
    yield found
    found.server.removed()


@pytest.fixture(scope="module")
def vault(hub: Hub, visitor: Visitor) -> Vault:
    me = visitor.browser.get("/api/v1/me").json()
    return Vault(hub.stack, UUID(me["id"]))


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def forbidden(hub: Hub, vault: Vault) -> dict[str, str]:
    """Digests of what must not be found, by what it is."""
    secrets = {name: hub.stack.secret(name) for name in SECRETS}
    secrets["the refresh token"] = vault.refresh_token()
    return {digest(text): name for name, text in secrets.items()}


def test_no_secret_lies_anywhere_in_reach(inside: Inside, forbidden: dict[str, str]) -> None:
    found = inside.run("secrets_in_reach", digests=list(forbidden))

    assert found["control"], "the probe finds what is there: the session's own token"
    assert found["files"] > 20
    assert found["processes"] >= 2
    assert found["memory"] > 1 << 20
    assert {forbidden[one] for one in found["matches"]} == set()


def test_the_hub_gives_a_session_no_token_of_its_owners(
    inside: Inside, forbidden: dict[str, str]
) -> None:
    found = inside.run("hub_doors")

    assert found["own"]["status"] == 200
    for path, answer in found.items():
        for word in ("auth_state", "refresh_token", "access_token"):
            assert word not in answer["text"], path
        assert not _matches(answer["text"], forbidden), path
    for path in ("all users", "own tokens", "a new token", "another user", "the proxy", "a server"):
        assert found[path]["status"] in {403, 404}, path


def test_lent_tokens_open_nothing_at_the_portal_or_the_provider(
    inside: Inside, forbidden: dict[str, str]
) -> None:
    token_url = _token_endpoint(inside.hub, inside.visitor.browser.person.provider)

    found = inside.run("portal_doors", token_url=token_url)

    for name, answer in found.items():
        assert not _matches(answer["text"], forbidden), name
        if name.startswith("uploads "):
            continue
        assert answer["status"] in {400, 401, 403}, (name, answer)
        assert "access_token" not in answer["text"], name
    # The token for uploads opens data, as the one for Rucio does, and nothing else.
    assert found["uploads data"]["status"] == 200
    opened = {name for name, answer in found.items() if answer["status"] == 200}
    assert opened == {"uploads data"}


@pytest.mark.parametrize(
    "audience", ["portal", "jupyterhub", "storage", "hub", "openid", "offline_access", ""]
)
def test_the_broker_lends_for_nothing_else(inside: Inside, audience: str) -> None:
    found = inside.run("broker", audiences=[audience])

    assert found[audience]["status"] == 422
    assert "access_token" not in found[audience]["text"]


def test_rucio_and_reana_work_with_no_word_from_the_user(inside: Inside) -> None:
    printed = inside.shell("rucio whoami; reana-client ping; reana-client list")

    assert f"account    : {inside.visitor.handle}" in printed
    assert "Status: Connected" in printed
    assert "RUN_NUMBER" in printed


def test_ten_lives_later_they_still_do(inside: Inside, vault: Vault) -> None:
    tokens: list[dict[str, str]] = []
    inside.write("probe.json", "{}")
    inside.write("lives.py", (PROBES / "lives.py").read_text())
    inside.shell("rm -f life-* over-* token-*")  # of an earlier run in the same home
    inside.shell("(nohup python lives.py > lives.txt 2>&1 &)")

    for life in range(LIVES + 1):
        told = partial(inside.has, f"life-{life}.json")
        assert wait_until(told, SECONDS), inside.file("lives.txt")
        tokens.append(json.loads(inside.file(f"life-{life}.json") or "{}"))
        vault.age()
        inside.write(f"over-{life}", "")

    last = {name: digest(inside.file(f"token-{name}") or "") for name in ("rucio", "reana")}
    printed = inside.shell("rucio whoami; reana-client ping")
    for name in ("rucio", "reana"):
        assert len({each[name] for each in tokens}) == LIVES + 1, "each life had another token"
        assert last[name] not in {each[name] for each in tokens[:-1]}, "no token of an earlier life"
    assert f"account    : {inside.visitor.handle}" in printed
    assert "Status: Connected" in printed


def test_loans_end_with_the_sign_out_the_suspension_and_the_session(
    hub: Hub, inside: Inside, visitor: Visitor
) -> None:
    token = re.search(r"of-the-session ([0-9a-f]+)", inside.shell(
        'echo "of-the-session $JUPYTERHUB_API_TOKEN"'
    ))  # fmt: skip
    assert token is not None
    assert _ask(hub, token[1]) == 200

    visitor.sign_out_everywhere()
    signed_out = _ask(hub, token[1])
    visitor.browser.sign_in()
    signed_in = _ask(hub, token[1])
    with suspended(hub.stack, visitor.handle):
        at_once = _ask(hub, token[1])
        stopped = wait_until(lambda: _ask(hub, token[1]) == 401, SECONDS)

    assert (signed_out, signed_in) == (409, 200)
    assert at_once in {401, 403}
    assert stopped, "a suspension stops the session, whose token is nobody's then"


def _ask(hub: Hub, token: str) -> int:
    url = hub.stack.url("portal", "/api/v1/sessions/broker/token")
    headers = {"Authorization": f"token {token}"}
    return requests.post(url, json={"audience": "rucio"}, headers=headers, timeout=30).status_code


def _matches(text: str, forbidden: dict[str, str]) -> set[str]:
    return {forbidden[one] for one in map(digest, re.findall(r"[\w.~+/=-]{16,}", text))
            if one in forbidden}  # fmt: skip


def _token_endpoint(hub: Hub, provider: str) -> str:
    base = issuer(hub.stack, provider).rstrip("/")
    found = requests.get(f"{base}/.well-known/openid-configuration", timeout=30).json()
    return str(found["token_endpoint"])
