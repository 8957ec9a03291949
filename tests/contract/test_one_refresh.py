"""Many ask at once when a sign-in's token is old: the provider sees one refresh, all are served.

Two web processes and the worker of the running stack take part, with its database and provider.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import requests

from accounts.grants import refresh_token_of
from accounts.models import TokenGrant
from demo.people import PEOPLE
from demo.portal.component import variables
from demo.process import tail, wait_until
from demo.stack import Stack
from tests.browsing import Browser
from tests.signin import running_stack
from vre_portal.celery import app
from vre_portal.operations import advance_task

PERSON = next(person for person in PEOPLE if person.username == "colleague")
REQUESTS, TASKS = 50, 4
PROCESSES = 3
#: How many connections to the database a web process may hold.
POOL = 10
#: The portal gives the provider 8 seconds.
GATE_SECONDS, PATIENCE = 6.0, 30.0
#: It asks Rucio with the person's own token.
PATH = "/api/v1/data/scopes"


class Vault:
    """The portal's database: the person's grant, and the work of the worker for them."""

    def __init__(self, stack: Stack, user_id: UUID) -> None:
        self._url = variables(stack)["VRE_DATABASE_URL"]
        self._broker = variables(stack)["VRE_VALKEY_URL"]
        self.user_id = user_id

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self._url) as database:
            return database.execute(query.encode(), values).fetchall()

    def age(self) -> None:
        """Make the person's tokens as old as they are after an hour without a request."""
        self.ask(
            "WITH old AS (UPDATE accounts_tokengrant g SET refreshed_at = now() - interval '1 h', "
            " access_expires_at = now() - interval '1 min' FROM accounts_identity i "
            " WHERE i.id = g.identity_id AND i.user_id = %s RETURNING g.id) "
            "DELETE FROM accounts_audiencetoken WHERE grant_id IN (SELECT id FROM old) "
            "RETURNING id",
            self.user_id,
        )

    def refresh_token(self) -> str:
        """Return the refresh token that is kept for the person."""
        ((identity, sealed),) = self.ask(
            "SELECT g.identity_id, g.refresh_token FROM accounts_tokengrant g "
            "JOIN accounts_identity i ON i.id = g.identity_id WHERE i.user_id = %s",
            self.user_id,
        )
        return refresh_token_of(TokenGrant(identity_id=identity, refresh_token=sealed))

    def waiting(self) -> int:
        """Return how many connections of the portal's processes wait for a lock."""
        ((count,),) = self.ask(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(count)

    def begin_checks(self) -> list[UUID]:
        """Have the worker check the person's account in REANA, which takes their own token."""
        made = self.ask(
            "INSERT INTO portal_operation (id, kind, subject, user_id, key, state, due_at, "
            " attempts, problem, created_at, updated_at) "
            "SELECT gen_random_uuid(), 'account.provision', a.id, a.user_id, "
            " 'account.provision:' || gen_random_uuid(), 'waiting', now(), 0, '', now(), now() "
            "FROM accounts_backendaccount a, generate_series(1, %s) "
            "WHERE a.service = 'reana' AND a.user_id = %s RETURNING id",
            TASKS,
            self.user_id,
        )
        with app.connection_for_write(self._broker) as broker:
            for (operation,) in made:
                app.send_task(advance_task.name, (str(operation),), connection=broker)
        return [operation for (operation,) in made]

    def states_of(self, operations: list[UUID]) -> set[tuple[str, str]]:
        """Return the states of pieces of work, and what went wrong with them."""
        query = "SELECT state, problem FROM portal_operation WHERE id = ANY(%s)"
        return {(state, problem) for state, problem in self.ask(query, operations)}


class Provider:
    """The provider's database: the refresh tokens that came of one sign-in, and a slow answer."""

    def __init__(self, stack: Stack, refresh_token: str) -> None:
        self._url = stack.database_url(f"iam_{PERSON.provider}")
        self._first = sha256(refresh_token.encode()).hexdigest()

    def tokens(self) -> list[tuple[str, bool]]:
        """Return digests of the sign-in's refresh tokens, oldest first, and whether each lives."""
        with psycopg.connect(self._url) as database:
            return database.execute(
                "SELECT token_checksum, revoked IS NULL FROM oauth2_provider_refreshtoken "
                "WHERE token_family = (SELECT token_family FROM oauth2_provider_refreshtoken "
                " WHERE token_checksum = %s) ORDER BY created, id",
                (self._first,),
            ).fetchall()

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Let a refresh wait for the end of the block: its token's row is locked meanwhile."""
        with psycopg.connect(self._url) as database:
            database.execute(
                "SELECT id FROM oauth2_provider_refreshtoken WHERE token_checksum = %s FOR UPDATE",
                (self._first,),
            )
            yield


@contextmanager
def web_process(stack: Stack, log: Path) -> Iterator[str]:
    """Run one more process of the portal's pages and API, and yield its address."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    uvicorn = [str(stack.binary("portal", "uvicorn")), "vre_portal.asgi:application"]
    settings = {**variables(stack), "VRE_DATABASE_POOL_SIZE": str(POOL)}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*uvicorn, "--host", "127.0.0.1", "--port", str(port), "--no-access-log"],
            cwd=stack.folder("portal"),
            env={"PYTHONUNBUFFERED": "1", **settings},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        assert wait_until(lambda: _answers(address), PATIENCE), tail(log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=3).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def stack() -> Stack:
    return running_stack()


@pytest.fixture(scope="module")
def web(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two more web processes of the stack's portal."""
    logs = tmp_path_factory.mktemp("web")
    with ExitStack() as running:
        yield [running.enter_context(web_process(stack, logs / f"{n}.log")) for n in (1, 2)]


@pytest.fixture
def browser(stack: Stack) -> Browser:
    """Somebody who has just signed in and has an account everywhere."""
    browser = Browser(stack, PERSON)
    browser.sign_in()
    return browser


@pytest.fixture
def vault(stack: Stack, browser: Browser) -> Vault:
    return Vault(stack, UUID(browser.get("/api/v1/me").json()["id"]))


@pytest.fixture
def provider(stack: Stack, vault: Vault) -> Provider:
    return Provider(stack, vault.refresh_token())


def at_once(asks: list[Callable[[], requests.Response]]) -> list[Future[requests.Response]]:
    """Start each question in a thread of its own, all at the same moment."""
    barrier = threading.Barrier(len(asks))

    def ask(question: Callable[[], requests.Response]) -> requests.Response:
        barrier.wait()
        return question()

    with_all = ThreadPoolExecutor(len(asks))
    started = [with_all.submit(ask, question) for question in asks]
    with_all.shutdown(wait=False)
    return started


@dataclass(frozen=True)
class Rush:
    """What is under way: requests to both web processes, and checks by the worker."""

    asked: list[Future[requests.Response]]
    checks: list[UUID]


@pytest.fixture
def rush(
    web: list[str], browser: Browser, vault: Vault, provider: Provider
) -> Callable[[], AbstractContextManager[Rush]]:
    """Let all come at once when the tokens are old; the refresh waits for the block's end."""
    cookies = browser.cookies

    def question(address: str) -> Callable[[], requests.Response]:
        return lambda: requests.get(f"{address}{PATH}", cookies=cookies, timeout=PATIENCE)

    @contextmanager
    def at_expiry() -> Iterator[Rush]:
        with provider.slow():
            vault.age()
            checks = vault.begin_checks()
            asked = at_once([question(address) for address in islice(cycle(web), REQUESTS)])
            # Of each process one comes to the lock: one has it, those of the others wait.
            assert wait_until(lambda: vault.waiting() >= PROCESSES - 1, GATE_SECONDS)
            yield Rush(asked, checks)
            assert not any(one.done() for one in asked)

    return at_expiry


def test_many_requests_at_expiry_cause_one_refresh(
    rush: Callable[[], AbstractContextManager[Rush]],
    browser: Browser,
    vault: Vault,
    provider: Provider,
) -> None:
    with rush() as under_way:
        pass
    answers = [one.result() for one in under_way.asked]

    assert [answer.text for answer in answers if answer.status_code != 200] == []
    assert len(answers) == REQUESTS
    assert wait_until(lambda: vault.states_of(under_way.checks) == {("done", "")}, PATIENCE)
    assert [lives for _digest, lives in provider.tokens()] == [False, True]

    # The family of tokens lives: what is kept is good for the next refresh, and for one only.
    vault.age()
    later = browser.get(PATH)

    assert later.status_code == 200
    assert [lives for _digest, lives in provider.tokens()] == [False, False, True]
    kept = sha256(vault.refresh_token().encode()).hexdigest()
    assert kept == provider.tokens()[-1][0]


def test_nobody_else_waits_for_a_persons_slow_provider(
    rush: Callable[[], AbstractContextManager[Rush]], web: list[str]
) -> None:
    with rush():
        pages = [f"{address}/accounts/login/" for address in web * POOL]
        others = [requests.get(page, timeout=2).status_code for page in pages]

    assert others == [200] * len(pages)
