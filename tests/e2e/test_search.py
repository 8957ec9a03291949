"""Find data by what it is about: conditions, facets, the address that holds it all."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import Person


def test_a_search_is_narrowed_by_facets_and_changed_in_rows(researcher: Person) -> None:
    page = researcher.open("/data/")
    page.get_by_label("Search", exact=True).fill("type:dataset")
    page.get_by_role("search").or_(page.locator(".search")).get_by_role(
        "button", name="Search"
    ).first.click()
    expect(page.get_by_role("status").first).to_contain_text("found in")

    page.goto(f"{researcher.home}/data/?q=scope:cms+type:dataset")
    expect(page.get_by_role("link", name="cms:dimuon_synthetic_2026", exact=True)).to_be_visible()
    researcher.look("search")

    page.get_by_label("Value", exact=True).nth(1).fill("file")
    page.locator(".conditions").get_by_role("button", name="Search").click()
    expect(page).to_have_url(f"{researcher.home}/data/?q=scope%3Acms+type%3Afile")
    expect(page.get_by_role("link", name="cms:nano_dimuon.root", exact=True)).to_be_visible()
    assert researcher.faults == []
