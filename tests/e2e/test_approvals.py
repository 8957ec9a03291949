"""Somebody asks beyond their quota, a data manager denies it with a note, and they are told."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.e2e.conftest import Person

LONG = 60_000
DATASET, STORAGE = "astro:m13", "CNAF-TAPE"
NOTE = "The tape is full until March."


def test_a_denial_reaches_who_asked(researcher: Person, people: Any) -> None:
    wish = {
        "did": DATASET,
        "storage": STORAGE,
        "lifetime_days": 20,
        "comment": "for the thesis",
        "ask_approval": True,
    }
    status, asked = researcher.api("POST", "/data/replica-requests", data=wish)
    assert status == 201, asked
    page = researcher.open(f"/data/requests/{asked['id']}/")
    expect(page.locator("main .state").first).to_have_text("waits for approval", timeout=LONG)

    manager = people("datamanager")
    desk = manager.open(f"/data/approvals/?storage={STORAGE}&name=m13")
    row = desk.get_by_role("row").filter(has_text="for the thesis")
    expect(row).to_contain_text("Rana Researcher")
    manager.look("approvals")
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="Deny", exact=True).click()
    desk.get_by_label("Note to the asker").fill(NOTE)
    desk.get_by_role("button", name="Deny them").click()
    expect(desk.get_by_text("All is done: 1 rule.")).to_be_visible(timeout=LONG)
    manager.look("approvals-outcome")

    expect(page.get_by_text(f"Denied by Dana Datamanager: {NOTE}").first).to_be_visible(
        timeout=LONG
    )
    inbox = researcher.open("/inbox/")
    expect(inbox.get_by_text(NOTE).first).to_be_visible()
    status, _problem = researcher.api("GET", "/data/approvals")
    assert status == 404
