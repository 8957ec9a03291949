"""Notices by webhook: made, tested, told of a real event without its names, failing, removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Person
from tests.unit.activity.receivers import Receiver, receiving

PAGE = "/inbox/preferences/"
STORAGE, TERABYTES = "CNAF-TAPE", 2 * 10**12
LONG = 30_000


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server of the data manager's own."""
    with receiving() as server:
        yield server


@pytest.fixture
def manager(people: Callable[[str], Person]) -> Iterator[Person]:
    """The data manager, who has no webhook; a faulty page fails the test."""
    somebody = people("datamanager")
    somebody.faults.clear()
    somebody.api("DELETE", "/notices/webhook")
    yield somebody
    assert somebody.faults == []


def test_a_webhook_from_its_making_to_its_end(
    manager: Person, researcher: Person, receiver: Receiver
) -> None:
    page = manager.open(PAGE)
    hook = page.get_by_role("region", name="By webhook")
    manager.look("notices")
    hook.get_by_label("Address").fill(receiver.url)
    hook.get_by_label("Approvals").check()
    hook.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_text("Copy the secret now: it is shown this once")).to_be_visible()
    secret = page.get_by_text(re.compile(r"^[\w-]{43}$")).inner_text().strip()
    manager.look("webhook-made")

    hook.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test was taken: your address answered 204.")).to_be_visible()
    assert receiver.is_signed(secret)
    assert secret not in page.content()

    wish = {"storage": STORAGE, "bytes": TERABYTES, "reason": "for the thesis"}
    status, asked = researcher.api("POST", "/data/quota-requests", data=wish)
    assert status == 201, asked
    assert receiver.arrived(2, seconds=LONG / 1000)
    body = receiver.got[1][1].decode()
    assert receiver.is_signed(secret)
    assert receiver.told[1]["verb"] == "approval.quota"
    assert "Rana" not in body
    assert "thesis" not in body
    researcher.api("DELETE", f"/data/quota-requests/{asked['id']}")

    receiver.answers = 500
    hook.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test was not taken: your address answered 500.")).to_be_visible()
    manager.look("webhook-refused")

    hook.get_by_role("button", name="Remove").click()
    manager.look("webhook-remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Removed. Nothing goes there any more.")).to_be_visible()
    assert manager.api("GET", "/notices/webhook")[1]["url"] is None
