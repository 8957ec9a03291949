"""Files of a run at the real runner are shared, and deleted; a secret is kept and removed there."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.conftest import Person

READER = "datamanager@example.org"


def test_a_run_is_shared_and_its_files_are_deleted(
    people: Callable[[str], Person], researcher: Person, finished_run: str
) -> None:
    # The runner knows people once they have come.
    people("datamanager").api("GET", "/workflow-account")
    page = researcher.open(f"/runs/{finished_run}")

    page.get_by_role("link", name="Keep and share").click()
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_text(f"{READER} may read it now.")).to_be_visible()
    researcher.look("keeping")

    page.get_by_role("button", name=f"Take it back from {READER}").click()
    expect(page.get_by_text("Nobody but you")).to_be_visible()

    page.get_by_role("button", name="Delete the files").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No files at REANA")).to_be_visible()
    researcher.look("keeping-deleted")
    status, _told = researcher.api("GET", f"/runs/{finished_run}/workspace")
    assert status == 404
    status, _told = researcher.api("GET", f"/runs/{finished_run}/verdict")
    assert status == 200
    assert researcher.faults == []


def test_secrets_of_jobs_are_kept_and_removed(researcher: Person) -> None:
    page = researcher.open("/runs/")

    page.get_by_role("link", name="Room and secrets").click()
    page.get_by_role("textbox", name="Name").fill("E2E_KEY")
    page.get_by_label("Secret", exact=True).fill("open sesame")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Jobs get E2E_KEY from now on.")).to_be_visible()
    researcher.look("workflow-account")

    page.get_by_role("button", name="Remove E2E_KEY").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Jobs do not get E2E_KEY any more.")).to_be_visible()
    assert researcher.faults == []
