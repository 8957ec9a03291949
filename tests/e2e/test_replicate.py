"""Copies: one that does not arrive is mended, one that is there is told and let go."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

from demo.stack import Stack
from tests.contract.test_rucio_server import Member, member
from tests.e2e.conftest import Person

STORAGE, TAPE = "LAPP-DISK", "CNAF-TAPE"
LONG = 60_000
#: Within which a boost has done its work, in milliseconds, and how often it is asked for.
BOOSTED, PRESSES = 20_000, 3


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Member:
    """The researcher's own calls to Rucio, to make data."""
    return member(stack, "researcher")


def test_a_stuck_copy_is_told_in_words_and_mended_from_its_page(
    researcher: Person, owner: Member
) -> None:
    name = owner.dataset(b"here", b"hidden")
    source = owner.place(f"{name}.1", "CERN-DISK")
    source.unlink()
    page = researcher.open(f"/data/{owner.scope}:{name}")

    page.locator(f"input[value='{STORAGE}']").check(force=True)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("1 of 2 files does not arrive")).to_be_visible(timeout=LONG)
    missing = page.get_by_text("the source file is missing at CERN-DISK: ")
    expect(missing.first).to_contain_text("No such file")
    researcher.look("stuck")
    source.write_bytes(b"hidden")
    complete = page.get_by_text(f"Complete at {STORAGE}: ")
    for _press in range(PRESSES):
        # A boost in the very second in which a rule got stuck may be lost at Rucio.
        page.get_by_role("button", name="Try again at once").click()
        with suppress(TooLate):
            complete.wait_for(timeout=BOOSTED)
            break

    expect(complete).to_be_visible()
    researcher.look("mended")


def test_a_copy_on_tape_is_not_made_twice_and_goes_at_once(
    researcher: Person, owner: Member
) -> None:
    name = owner.dataset(b"kept for good")
    address = f"/data/{owner.scope}:{name}?storage={TAPE}"
    page = researcher.open(address)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text(f"Complete at {TAPE}: ")).to_be_visible(timeout=LONG)
    made = page.url

    researcher.open(address)
    expect(page.locator("#estimate")).to_contain_text("already there")
    expect(page.locator("#estimate a")).to_have_attribute(
        "href", made.removeprefix(researcher.home)
    )
    researcher.look("already-there")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("nothing was asked for again")).to_be_visible()
    assert page.url == made

    # Rucio locks what is kept on tape without an end; its owner lets it go all the same.
    page.get_by_role("button", name="Let the copy go").click()
    page.get_by_role("button", name="Delete now").click()
    expect(page.locator("#state .state")).to_have_text("cancelled", timeout=LONG)
    researcher.look("let-go")
