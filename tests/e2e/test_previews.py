"""What is in a file is seen on its page, without a download."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import Person

FILE = "/data/cms:preview_synthetic_2026.root"
MAKING = 40_000


def test_a_file_shows_what_is_in_it_and_jsroot_a_closer_look(researcher: Person) -> None:
    page = researcher.open(FILE)

    expect(page.get_by_role("img", name="Histogram events/mass")).to_be_visible(timeout=MAKING)
    page.get_by_role("link", name="plane").click()
    expect(page.get_by_role("img", name="Histogram monitoring/plane")).to_be_visible(timeout=MAKING)
    page.get_by_role("button", name="Open in JSROOT").click()
    expect(page.locator("[data-root-drawing] svg").first).to_be_visible(timeout=MAKING)

    researcher.look("preview")
    assert researcher.faults == []
