"""An analysis goes out: deposited with a DOI, and shown to readers without an account.

The portal is one of the test's own beside a repository on real HTTP: no stack has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, WebSocketRoute, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from demo.stack import REPOSITORY, Stack
from reproducibility import services
from reproducibility.models import Analysis, Deposit
from tests.e2e.conftest import ANALYSIS, Person
from tests.factories import make_user, sign_in
from tests.fakes.invenio import FakeInvenio, serving
from tests.unit.reproducibility.deposits.conftest import TOKEN, finish
from vre_portal import health
from vre_portal.config import get_config

AUTHORS = [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}, {"name": "CMS Open Group"}]
#: Of this process alone: other tests empty the common one.
OWN_CACHE = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEPOSIT = f"/analyses/{ANALYSIS}/deposit"


@dataclass
class Site:
    """The portal at its address, with the repository that it deposits in."""

    url: str
    repository: FakeInvenio

    def finish(self) -> Deposit:
        """Give the worker its turns until the deposit rests; it tells open pages, by a loop."""
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(_finish).result()


def _finish() -> Deposit:
    try:
        return finish(Deposit.objects.get())
    finally:
        connections.close_all()


@pytest.fixture
def _beside_the_loop() -> Iterator[None]:
    """The browser's loop waits in this thread, and runs nothing of Django's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


@pytest.fixture
def site(
    _beside_the_loop: None, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """A portal whose analyses go into a repository that people call Zenodo."""
    with serving() as repository, override_settings(CACHES=OWN_CACHE):
        monkeypatch.setenv("VRE_DEPOSIT_URL", repository.url)
        get_config.cache_clear()
        health.check_backends()  # as the clock does: pages say what answers
        server = LiveServer("127.0.0.1")
        try:
            yield Site(server.url, repository)
        finally:
            server.stop()
            monkeypatch.undo()
            get_config.cache_clear()


@pytest.fixture
def owner(site: Site) -> User:
    """Whose analysis it is."""
    owner = make_user("alice")
    services.import_folder(REPOSITORY / "demo" / "analyses" / ANALYSIS)
    Analysis.objects.update(owner=owner, authors=AUTHORS)
    return owner


@pytest.fixture
def at_browser(browser: Browser, stack: Stack, site: Site) -> Iterator[Callable[[str], Person]]:
    """People at the test's own portal; it fails when a page that they saw was at fault."""
    known: list[Person] = []

    def person(name: str) -> Person:
        known.append(Person(browser, stack, name))
        known[-1].home = site.url
        # What is told live comes from another server: pages stay as they are until they are loaded.
        known[-1].page.route_web_socket("**/ws/**", _silent)
        return known[-1]

    yield person
    for each in known:
        each.context.close()
    assert [each.faults for each in known] == [[] for _each in known]


def _silent(_route: WebSocketRoute) -> None: ...


def sign_in_as(person: Person, user: User) -> Person:
    """Sign somebody in without a provider."""
    client = Client()
    sign_in(client, user)
    name = settings.SESSION_COOKIE_NAME
    value = client.cookies[name].value
    person.context.add_cookies([{"name": name, "value": value, "url": person.home}])
    return person


def test_an_analysis_gets_a_doi_and_a_page_for_everybody(
    site: Site, owner: User, at_browser: Callable[[str], Person]
) -> None:
    me = sign_in_as(at_browser("owner"), owner)
    page = me.open(DEPOSIT)
    me.look("deposit-without-token")
    page.get_by_role("link", name="Paste it").click()
    page.get_by_label("Access token").last.fill(TOKEN)
    page.get_by_role("button", name="Keep the token").click()
    expect(page.get_by_text("A token of your account is kept")).to_be_visible()

    me.open(DEPOSIT)
    page.get_by_role("button", name="Prepare the draft").click()
    Analysis.objects.update(licence="Beerware")
    site.finish()
    me.open(DEPOSIT)
    expect(page.get_by_text("Invalid value beerware.")).to_be_visible()
    me.look("deposit-refused")

    Analysis.objects.update(licence="MIT")
    page.get_by_role("button", name="Prepare again").click()
    site.finish()
    me.open(DEPOSIT)
    me.look("deposit-ready")
    page.get_by_label("I have looked at it: publish it for good").check()
    page.get_by_role("button", name="Publish").click()
    doi = site.finish().doi
    me.open(DEPOSIT)
    expect(page.get_by_text("registered", exact=False).first).to_be_visible()
    me.look("deposit-published")

    me.open(f"/analyses/{ANALYSIS}")
    page.get_by_role("button", name="Open it to everybody").click()
    page.get_by_role("dialog").get_by_role("button", name="Open it").click()
    expect(page.get_by_role("link", name="Look at the public page")).to_be_visible()

    reader = at_browser("reader")
    shown = reader.open(f"/public/analyses/{ANALYSIS}")
    expect(shown.get_by_role("link", name=doi).first).to_be_visible()
    shown.get_by_text("BibTeX", exact=True).click()
    reader.look("public-page")
    metadata = shown.evaluate(METADATA)
    assert metadata["sameAs"] == f"https://doi.org/{doi}"
    assert reader.context.cookies() == []
    assert [each.doi for each in site.repository.published()] == [doi]


#: What a program reads in the page, its block as the browser has taken it.
METADATA = "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)"
