"""A copy that does not arrive: told why, mended, and tried again from its page alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from demo.stack import Stack
from tests.contract.test_rucio_server import Member, member
from tests.e2e.conftest import Person

STORAGE = "LAPP-DISK"
LONG = 60_000


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
    expect(page.get_by_text("No such file").first).to_be_visible()
    researcher.look("stuck")
    source.write_bytes(b"hidden")
    page.get_by_role("button", name="Try again at once").click()

    expect(page.get_by_text(f"Complete at {STORAGE}: ")).to_be_visible(timeout=LONG)
    researcher.look("mended")
