"""What waits for a commit; a provider that will misbehave, and the browser between it and us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import pytest
import requests
from django.test import Client

from accounts import providers
from tests.fakes.misbehaving.server import Host, serve
from tests.fakes.misbehaving.site import Site

Committed = Callable[[], AbstractContextManager[object]]


@pytest.fixture
def committed(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> Committed:
    """Do, when the block is left, what waits for its transaction: the test's never commits."""
    return partial(django_capture_on_commit_callbacks, execute=True)


@pytest.fixture(scope="session")
def misbehaving_host() -> Iterator[Host]:
    """A server of providers."""
    with serve() as host:
        yield host


@pytest.fixture(scope="session")
def between() -> Iterator[tuple[Client, requests.Session]]:
    """One browser for all: a new test client would look for all static files again."""
    with requests.Session() as http:
        http.trust_env = False
        yield Client(), http


@pytest.fixture
def site(
    misbehaving_host: Host,
    between: tuple[Client, requests.Session],
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    """A new provider, honest until it is bent, and a browser where nobody is signed in."""
    client, http = between
    client.cookies.clear()
    made = Site(misbehaving_host.new(), client, http)
    monkeypatch.setattr(providers, "registry", lambda: {"bent": made.configured()})
    return made
