"""The API of captures, from the source to a published analysis."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis, Capture, Proof
from tests.factories import sign_in
from tests.unit.reproducibility.capturing.conftest import FILES, from_zip, read, zipped

JSON = "application/json"


def sent(client: Client, method: str, path: str, data: Any = None) -> Any:
    answer = getattr(client, method)(f"/api/v1{path}", data, content_type=JSON)
    return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def capture(alice: User) -> Capture:
    """A capture of Alice's that has been read."""
    return from_zip(alice, FILES)


def test_a_source_is_captured_followed_changed_and_saved(browser: Client, alice: User) -> None:
    upload = SimpleUploadedFile("zpeak.zip", zipped(FILES), "application/zip")
    answer = browser.post("/api/v1/analyses", {"file": upload})
    told = answer.json()
    assert (answer.status_code, told["state"], told["kind"]) == (202, "reading", "zip")
    read(Capture.objects.get(pk=told["id"]))

    status, told = sent(browser, "get", f"/captures/{told['id']}")
    assert (status, told["state"], told["title"]) == (200, "proposed", "Z peak")
    assert told["faults"] == []
    status, told = sent(browser, "patch", f"/captures/{told['id']}", {"title": "Masses"})
    assert (status, told["title"]) == (200, "Masses")
    status, saved = sent(browser, "post", f"/captures/{told['id']}/save")

    assert (status, saved["analysis"], saved["version"]) == (202, "masses", 1)
    assert saved["proof"] == Proof.RUNNING
    assert sent(browser, "get", f"/runs/{saved['run']}")[1]["kind"] == "proof"


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"kind": "git", "repository": "http://example.org/x"}, "repository"),
        ({"kind": "reana", "workflow": "nothing"}, "workflow"),
        ({"kind": "zip"}, "file"),
        ({"kind": "floppy"}, "kind"),
    ],
)
def test_a_refused_source_names_its_field(
    browser: Client, alice: User, source: dict[str, str], field: str
) -> None:
    status, told = sent(browser, "post", "/analyses", {"source": source})

    assert (status, told["field"]) == (422, field)


def test_multipart_without_a_file_is_told_so(browser: Client, alice: User) -> None:
    answer = browser.post("/api/v1/analyses", {"analysis": ""})

    assert answer.status_code == 422
    assert answer.json()["field"] == "file"


def test_all_parts_can_be_changed(browser: Client, capture: Capture) -> None:
    change = {
        "authors": [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}],
        "inputs": [{"did": "cms:dimuon", "folder": "muons"}],
        "tolerances": {"results/fit.json": {"rtol": 0.01}},
        "roles": {"README.md": ""},
        "tests": {"tests/mine.feature": "Feature: mine\n"},
        "specification": "version: 0.9.0\n",
    }

    status, told = sent(browser, "patch", f"/captures/{capture.pk}", change)

    assert status == 200, told
    assert told["inputs"][0]["did"] == "cms:dimuon"
    assert {file["path"]: file["role"] for file in told["files"]}["README.md"] == ""
    assert any(not fault["hint"] for fault in told["faults"])


def test_a_wrong_orcid_is_a_422_of_its_field(browser: Client, capture: Capture) -> None:
    change = {"authors": [{"name": "Ada", "orcid": "0000-0002-1825-0098"}]}

    status, told = sent(browser, "patch", f"/captures/{capture.pk}", change)

    assert (status, told["field"]) == (422, "authors")


def test_a_capture_is_deleted_and_others_do_not_exist(
    browser: Client, bob: User, capture: Capture
) -> None:
    other = Client()
    sign_in(other, bob)

    assert sent(other, "get", f"/captures/{capture.pk}")[0] == 404
    assert sent(other, "delete", f"/captures/{capture.pk}")[0] == 404
    assert sent(browser, "delete", f"/captures/{capture.pk}")[0] == 204
    assert sent(browser, "get", f"/captures/{capture.pk}")[0] == 404


def test_a_specification_is_checked_line_by_line(browser: Client, capture: Capture) -> None:
    text = capture.specification.replace("serial", "cereal")

    status, told = sent(browser, "post", "/specifications/check", {"text": text, "files": []})
    assert status == 200
    lines = {fault["line"] for fault in told["faults"] if not fault["hint"]}
    assert text[: text.index("cereal")].count("\n") + 1 in lines
    whole = {"text": capture.specification, "capture": str(capture.pk)}

    assert sent(browser, "post", "/specifications/check", whole)[1] == {"faults": []}


def test_the_files_of_another_ones_capture_are_not_told(bob: User, capture: Capture) -> None:
    other = Client()
    sign_in(other, bob)

    asked = {"text": "", "capture": str(capture.pk)}

    assert sent(other, "post", "/specifications/check", asked)[0] == 404


def test_an_analysis_is_described_published_withdrawn_and_deleted(
    browser: Client, proven: Analysis
) -> None:
    where = f"/analyses/{proven.slug}"

    status, told = sent(browser, "patch", where, {"title": "Masses", "published": True})
    assert (status, told["title"], told["published"]) == (200, "Masses", True)
    assert sent(browser, "delete", where)[0] == 409
    assert sent(browser, "patch", where, {"published": False})[1]["published"] is False
    assert sent(browser, "delete", where)[0] == 204
    assert sent(browser, "get", where)[0] == 404
