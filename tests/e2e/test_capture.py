"""A notebook becomes an analysis in a real browser: captured, proven, mended, published."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Person

START_SECONDS, PROOF = 120.0, 240_000
#: Where the calibration is stands in another file: no proposal can see what is read.
CODE = """import json, pathlib
settings = json.loads(pathlib.Path("settings.json").read_text())
scale = json.loads(pathlib.Path(settings["calibration"]).read_text())["scale"]
pathlib.Path("results").mkdir(exist_ok=True)
with open("results/mass.json", "w") as out:
    json.dump({"mass": 91.19 * scale, "bins": bins}, out)
"""


def notebook() -> bytes:
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Mass of the Z boson"},
        {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "outputs": [],
         "execution_count": None, "source": "bins = 60"},
        {"cell_type": "code", "id": "c", "metadata": {}, "outputs": [], "execution_count": None,
         "source": CODE},
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(document).encode()


@pytest.fixture
def session(researcher: Person) -> Iterator[str]:
    """A session of the researcher's that runs, by its id."""
    status, told = researcher.api(
        "POST", "/sessions", data={"environment": "physics", "name": "A session to capture"}
    )
    assert status == 202, told
    until = time.monotonic() + START_SECONDS
    while told["state"] != "ready":
        assert told["state"] in {"queued", "starting"}, told["message"]
        assert time.monotonic() < until, "the session does not start"
        time.sleep(0.5)
        _status, told = researcher.api("GET", f"/sessions/{told['id']}")
    yield told["id"]
    researcher.api("POST", f"/sessions/{told['id']}/stop")


@pytest.fixture
def folder(researcher: Person, session: str) -> str:
    """A folder of that session with a notebook and a calibration."""
    name = f"zpeak-{uuid.uuid4().hex[:8]}"
    for path in (name, f"{name}/data"):
        status, told = researcher.api("POST", f"/sessions/{session}/files", data={"path": path})
        assert status == 201, told
    put(researcher, session, f"{name}/zpeak.ipynb", notebook())
    put(researcher, session, f"{name}/settings.json", b'{"calibration": "data/calib.json"}')
    put(researcher, session, f"{name}/data/calib.json", b'{"scale": 1.0}')
    return name


def put(person: Person, session: str, path: str, content: bytes) -> None:
    cookies = {cookie["name"]: cookie["value"] for cookie in person.context.cookies()}
    token = next(value for name, value in cookies.items() if name.startswith("vre_csrf"))
    answer = person.context.request.put(
        f"{person.home}/api/v1/sessions/{session}/files/content?path={quote(path)}",
        headers={"X-CSRFToken": token, "Referer": f"{person.home}/"},
        data=content,
    )
    assert answer.status == 201, answer.text()


def test_a_notebook_is_captured_its_missed_input_added_proven_and_published(
    researcher: Person, session: str, folder: str
) -> None:
    page = researcher.open(f"/sessions/{session}")
    page.get_by_role("link", name="Capture as analysis").click()
    researcher.look("capture-sources")
    page.get_by_label("Folder or notebook").fill(f"{folder}/zpeak.ipynb")
    page.get_by_role("button", name="Capture the session").click()

    save = page.get_by_role("button", name="Save and prove")
    expect(save).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Mass of the Z boson")
    researcher.look("capture-proposal")

    editor = page.get_by_label("What is run, step by step")
    written = editor.input_value()
    editor.fill(written.replace("serial", "cereal"))
    expect(page.locator(".capture-faults li").first).to_contain_text("cereal")
    researcher.look("capture-fault")
    editor.fill(written)
    expect(page.locator(".capture-faults li:not([data-hint])")).to_have_count(0)

    save.click()
    expect(page.get_by_role("heading", name="Proof of version 1")).to_be_visible()
    researcher.look("capture-proving")
    add = page.get_by_role("button", name="Add data/calib.json and prove again")
    expect(add).to_be_visible(timeout=PROOF)
    researcher.look("capture-missed")

    add.click()
    expect(page.get_by_role("heading", name="Proof of version 2")).to_be_visible()
    expect(page.get_by_text("It ran from its declared inputs alone")).to_be_visible(timeout=PROOF)
    researcher.look("capture-proven")

    page.get_by_role("button", name="Publish").click()
    page.locator("[data-confirm-accept]").click()
    expect(page.get_by_text("is published: everybody can reproduce it.")).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_text("- data/calib.json").first).to_be_visible()
    researcher.look("capture-versions")
    assert researcher.faults == []


def test_a_refused_address_keeps_what_was_typed_and_a_draft_is_discarded(
    researcher: Person, session: str, folder: str
) -> None:
    page = researcher.open("/captures/new")
    page.get_by_role("textbox", name="Git repository").fill("ssh://git@example.org/zpeak")
    page.get_by_role("button", name="Capture the repository").click()
    expect(page.get_by_role("textbox", name="Git repository")).to_have_value(
        "ssh://git@example.org/zpeak"
    )
    researcher.look("capture-refused")

    researcher.open(f"/captures/new?session={session}&path={folder}")
    page.get_by_role("button", name="Capture the session").click()
    expect(page.get_by_role("button", name="Save and prove")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    page.locator("[data-confirm-accept]").click()

    expect(page.get_by_text("The capture is discarded.")).to_be_visible()
    assert researcher.faults == []
