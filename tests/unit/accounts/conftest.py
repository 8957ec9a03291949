"""A provider that will misbehave, and the browser that goes between it and the portal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from django.test import Client

from accounts import providers
from tests.fakes.misbehaving.server import Host, serve
from tests.fakes.misbehaving.site import Site


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
