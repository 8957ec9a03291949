"""Find data by what it is about: conditions, facets, the address that holds it all."""

from __future__ import annotations

from pathlib import Path

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


def test_what_was_found_goes_into_the_basket_and_out_as_a_list(researcher: Person) -> None:
    page = researcher.open("/data/basket/")
    leftover = page.get_by_role("button", name="Empty the basket")
    if leftover.is_visible():
        leftover.click()
    page = researcher.open("/data/")
    page.get_by_label("Search", exact=True).fill("scope:cms")
    page.get_by_role("form", name="Search data").get_by_role("button", name="Search").click()
    page.get_by_label("Narrow the search").get_by_role("link", name="dataset").click()
    expect(page).to_have_url(f"{researcher.home}/data/?q=scope%3Acms+type%3Adataset")

    page.get_by_role("button", name="Add a condition").click()
    expect(page.locator(".condition")).to_have_count(3)
    page.get_by_label("Field or key").last.fill("name")
    page.get_by_label("How it compares").last.select_option("has in it")
    page.get_by_label("Value", exact=True).last.fill("dimuon")
    page.locator(".conditions").get_by_role("button", name="Search").click()
    wanted = ["cms:dimuon_synthetic_2026", "cms:nano_dimuon"]
    found = page.get_by_role("table", name="Data found").locator("tbody a.mono")
    expect(found).to_have_text(wanted)

    for did in wanted:
        page.get_by_label(f"Pick {did}", exact=True).check()
    page.get_by_role("button", name="Put the checked into the basket").click()
    expect(page.get_by_text("2 put into the basket.")).to_be_visible()
    page.get_by_role("link", name="Basket").first.click()
    inside = page.get_by_role("table", name="In the basket").locator("tbody a.mono")
    expect(inside).to_have_count(2)
    assert sorted(inside.all_inner_texts()) == wanted
    with page.expect_download() as download:
        page.get_by_role("link", name="DID list").click()

    assert download.value.suggested_filename == "basket.txt"
    assert sorted(Path(download.value.path()).read_text().split()) == wanted
    page.get_by_role("button", name="Empty the basket").click()
    assert researcher.faults == []
