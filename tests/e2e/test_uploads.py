"""A folder is dropped into the browser and becomes a dataset in Rucio."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Person


def test_a_folder_becomes_a_dataset(researcher: Person, tmp_path: Path) -> None:
    page, name = researcher.page, f"e2e_{uuid.uuid4().hex[:8]}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    (folder / "empty.txt").write_text("")

    researcher.open("/data/uploads/")
    page.get_by_label("Dataset").fill(name)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(folder)
    expect(page.locator(".upload-row")).to_have_count(2)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.locator(".upload-row [data-part=state]", has_text="sent")).to_have_count(2)

    done = page.locator("#ended-uploads a", has_text=f"{name}/a.txt")
    expect(done).to_be_visible(timeout=20_000)
    page.goto(re.sub(r"/data/([^:]+):.*", rf"/data/\1:{name}", str(done.get_attribute("href"))))
    expect(page.locator(".lead")).to_contain_text("2 files")
    assert researcher.faults == []
