"""An environment of one's own: made from a list, launched, restarted, shared with a group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Person

LONG = 180_000
GROUP = "/escape"


@pytest.fixture(scope="module")
def made(people: Callable[[str], Person]) -> Iterator[str]:
    """The page of an environment with one small package."""
    researcher = people("researcher")
    page = researcher.open("/sessions/environments/own/new")
    page.get_by_label("Title").fill("Small tables")
    page.get_by_label("Or a list of packages").fill("tinydb==4.8.2")
    researcher.look("build-new")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Small tables")).to_be_visible()
    researcher.look("build-making")
    expect(page.locator("main .state").first).to_have_text("ready", timeout=LONG)
    path = urlsplit(page.url).path
    yield path
    researcher.api("DELETE", f"/environments/builds/{path.rpartition('/')[2]}")


def test_it_tells_what_is_in_it(researcher: Person, made: str) -> None:
    page = researcher.open(made)

    expect(page.get_by_role("row", name="tinydb 4.8.2")).to_be_visible()
    researcher.look("build-ready")
    researcher.open("/sessions/environments/own/")
    researcher.look("builds")
    page = researcher.open("/sessions/environments/?q=tinydb")
    expect(page.get_by_role("heading", name="Small tables")).to_be_visible()
    researcher.look("environments-found")


def test_a_session_starts_and_restarts_in_it(researcher: Person, made: str) -> None:
    page = researcher.open(made)
    page.get_by_role("link", name="Launch").click()
    page.locator("input[name=name]").press("Enter")
    opens = page.get_by_role("link", name="Open", exact=True)
    expect(opens).to_be_visible(timeout=LONG)
    try:
        page.get_by_role("link", name="Restart").click()
        page.get_by_role("button", name="Restart").click()

        expect(page.get_by_text("The session is restarting").first).to_be_visible()
        expect(opens).to_be_visible(timeout=LONG)
        expect(page.get_by_text("Small tables").first).to_be_visible()
    finally:
        researcher.api("POST", f"/sessions/{page.url.rpartition('/')[2]}/stop")


def test_a_group_gets_it_and_others_find_nothing(
    people: Callable[[str], Person], researcher: Person, made: str
) -> None:
    colleague, stranger = people("datamanager"), people("colleague")
    assert colleague.context.request.get(f"{colleague.home}{made}").status == 404

    page = researcher.open(made)
    page.get_by_role("button", name="Share").click()
    page.get_by_label(GROUP, exact=True).check()
    page.get_by_role("button", name="Save").last.click()

    expect(page.get_by_text(f"Members of {GROUP} can launch it.")).to_be_visible()
    seen = colleague.open(made)
    expect(seen.get_by_role("link", name="Launch")).to_be_visible()
    expect(seen.get_by_role("button", name="Remove")).to_have_count(0)
    assert stranger.context.request.get(f"{stranger.home}{made}").status == 404
