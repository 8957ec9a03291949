"""Files go from the browser to Rucio: folders, breaks, corrupted bytes, names that are taken."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Person

#: Only ten bytes are sent, and nothing more before the browser is closed.
BREAKS_OFF = """
let pieces = 0;
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  if (!pieces++) send.call(this, body.slice(0, 10));
};
"""
#: As many bytes come as were sent, but other ones.
CORRUPTS = """
const send = XMLHttpRequest.prototype.send;
XMLHttpRequest.prototype.send = function (body) {
  send.call(this, new Blob(["#".repeat(body.size)]));
};
"""


def choose(page: Page, *files: Path) -> None:
    """Choose files and press Upload."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(files)
    page.get_by_role("button", name="Upload", exact=True).click()


def break_off(who: Person, file: Path) -> Page:
    """Send ten bytes of a file, close the browser's tab, and come back in another."""
    page = who.context.new_page()
    page.add_init_script(BREAKS_OFF)
    page.goto(f"{who.home}/data/uploads/")
    choose(page, file)
    row = page.locator(".upload-row", has_text=file.name)
    expect(row.locator("[data-part=text]")).to_contain_text("10 B")
    page.close()
    return who.open("/data/uploads/")


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
    researcher.open(re.sub(r":.*", f":{name}", str(done.get_attribute("href"))))
    expect(page.locator(".lead")).to_contain_text("2 files")
    assert researcher.faults == []


def test_a_half_done_upload_goes_on_in_another_browser_and_its_name_is_taken(
    researcher: Person, tmp_path: Path
) -> None:
    file = tmp_path / f"e2e_{uuid.uuid4().hex[:8]}.txt"
    file.write_text("a few more bytes than ten")
    page = break_off(researcher, file)

    half = page.locator("#open-uploads .row", has_text=file.name)
    expect(half).to_contain_text("10 B of 25 B have come")
    half.locator("input[type=file]").set_input_files(file)

    ended = page.locator("#ended-uploads .row", has_text=file.name)
    expect(ended).to_contain_text("25 B at", timeout=20_000)
    researcher.open("/data/uploads/")
    choose(page, file)
    row = page.locator(".upload-row", has_text=file.name)
    expect(row.locator("[data-part=state]")).to_have_text("refused")
    expect(row).to_contain_text("exists already")
    expect(row.get_by_role("link", name="What is there")).to_be_visible()
    assert researcher.faults == []


def test_a_half_done_upload_is_thrown_away(researcher: Person, tmp_path: Path) -> None:
    file = tmp_path / f"e2e_{uuid.uuid4().hex[:8]}.txt"
    file.write_text("a few more bytes than ten")
    page = break_off(researcher, file)

    page.locator("#open-uploads .row", has_text=file.name).get_by_role(
        "button", name="Remove"
    ).click()
    page.get_by_role("button", name="Throw it away").click()

    expect(page.get_by_text(f"{file.name} is off the list.")).to_be_visible()
    expect(page.locator("#uploads .row", has_text=file.name)).to_have_count(0)
    assert researcher.faults == []


def test_corrupted_bytes_are_refused_in_words_even_where_the_page_missed_the_message(
    researcher: Person, tmp_path: Path
) -> None:
    file = tmp_path / f"e2e_{uuid.uuid4().hex[:8]} <b>\u202eö.txt"
    file.write_text("what the sender has")
    name = file.name.split()[0]
    page = researcher.context.new_page()
    page.add_init_script(CORRUPTS)
    page.route("**/data/uploads/list", lambda route: route.fulfill(status=503))
    page.goto(f"{researcher.home}/data/uploads/")

    choose(page, file)
    expect(page.locator(".upload-row [data-part=state]")).to_have_text("sent")
    other = researcher.open("/data/uploads/")
    words = "The file was corrupted on its way"
    expect(other.locator("#ended-uploads .row", has_text=name)).to_contain_text(words)
    page.unroute_all()

    expect(page.locator("#ended-uploads .row", has_text=name)).to_contain_text(words)
    page.close()
    assert researcher.faults == []
