"""Pages of captures: each step works without a script, and no refusal loses what was entered."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from reproducibility.models import Analysis, Capture, CaptureState, Proof
from reproducibility.services.captures import starting
from sessions.models import Session
from tests.factories import sign_in
from tests.fakes.running import FakeRunning
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import (
    FILES,
    RESULT,
    from_zip,
    handed_in,
    prove,
    read,
    saved,
    zipped,
)


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def entered(capture: Capture, **changes: str) -> dict[str, str]:
    """Return what the form of a proposal sends, with some of it changed."""
    roles = {f"role-{row.pk}": row.role for row in capture.files.defer("content")}
    return {
        "title": capture.title,
        "summary": capture.summary,
        "licence": capture.licence,
        "authors": "Ada Lovelace, 0000-0002-1825-0097",
        "specification": capture.specification,
        "inputs": "",
        **roles,
        **changes,
    }


@pytest.fixture
def capture(alice: User) -> Capture:
    """A capture of Alice's that has been read, one output recorded."""
    return from_zip(alice, {**FILES, "results/fit.json": RESULT})


def test_the_form_offers_the_sessions_that_run(browser: Client, session: Session) -> None:
    page = text_of(browser, f"/captures/new?session={session.pk}&path=zpeak")

    assert f'value="{session.pk}"' in page
    assert 'value="zpeak"' in page


def test_without_a_session_one_can_be_launched(browser: Client, running: FakeRunning) -> None:
    assert "You have no session whose files could be read" in text_of(browser, "/captures/new")


def test_a_session_is_captured_from_the_form(browser: Client, session: Session) -> None:
    answer = browser.post(
        "/captures/new", {"kind": "session", "session": str(session.pk), "path": "zpeak"}
    )

    made = Capture.objects.get()
    assert answer.headers["Location"] == f"/captures/{made.pk}"
    assert "Waiting to be read." in text_of(browser, f"/captures/{made.pk}")
    assert "fit.py" in text_of(browser, f"/captures/{read(made).pk}?fragment=body")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "git", "repository": "ftp://x", "ref": "v1"}, "begins with https://"),
        ({"kind": "zip"}, "Choose a ZIP archive."),
        ({"kind": "reana", "workflow": "nothing"}, "You have no workflow nothing."),
        ({"kind": "session", "session": "1"}, "can&#x27;t be read now"),
        ({"kind": "floppy"}, "Choose a ZIP archive."),
    ],
)
def test_a_refusal_keeps_what_was_entered(
    browser: Client, running: FakeRunning, form: dict[str, str], words: str
) -> None:
    answer = browser.post("/captures/new", form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    for value in list(form.values())[1:]:
        assert f'value="{value}"' in page or form["kind"] == "session"


def test_a_zip_is_captured_from_the_form(browser: Client) -> None:
    upload = SimpleUploadedFile("zpeak.zip", zipped(FILES), "application/zip")

    browser.post("/captures/new", {"kind": "zip", "file": upload})

    capture = read(Capture.objects.get())
    assert capture.state == CaptureState.PROPOSED
    assert "From the archive zpeak.zip" in text_of(browser, f"/captures/{capture.pk}")


def test_a_proposal_shows_all_that_can_be_edited(browser: Client, capture: Capture) -> None:
    page = text_of(browser, f"/captures/{capture.pk}")

    for part in (
        "Z peak", "Ada Lovelace, 0000-0002-1825-0097", "Apache-2.0", "python fit.py",
        "data/calib.json", "results/fit.json", "vre-portal/physics:2026.11", "Nothing is wrong.",
        "Save and prove", "Relative",
    ):  # fmt: skip
        assert part in page, part


def test_a_failed_capture_says_what_to_do(browser: Client, alice: User) -> None:
    failed = read(starting.start(alice, "zip", handed_in(b"no zip")))

    page = text_of(browser, f"/captures/{failed.pk}")

    assert "no ZIP archive" in page
    assert "Capture it again" in page


def test_keeping_and_checking_work_without_a_script(browser: Client, capture: Capture) -> None:
    broken = capture.specification.replace("python fit.py", "python fit.py ${bins}")

    answer = browser.post(
        f"/captures/{capture.pk}", entered(capture, specification=broken, action="check")
    )

    assert answer.status_code == 302
    page = text_of(browser, f"/captures/{capture.pk}")
    assert "${bins} is not declared" in page
    assert 'class="capture-line"' in page


def test_a_wrong_orcid_is_shown_at_its_field_and_nothing_is_lost(
    browser: Client, capture: Capture
) -> None:
    answer = browser.post(
        f"/captures/{capture.pk}",
        entered(capture, authors="Ada, 0000-0002-1825-0098", summary="A new word", action="save"),
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 1: This ORCID iD has a wrong digit" in page
    assert "A new word" in page
    assert "0000-0002-1825-0098" in page
    assert not Analysis.objects.exists()


def test_saving_with_a_fault_keeps_the_draft_and_names_the_line(
    browser: Client, capture: Capture
) -> None:
    broken = capture.specification.replace("serial", "cereal")

    answer = browser.post(
        f"/captures/{capture.pk}", entered(capture, specification=broken, action="save")
    )

    assert answer.status_code == 422
    assert "Line " in answer.content.decode()
    capture.refresh_from_db()
    assert capture.specification.replace("\r\n", "\n") == broken


def test_roles_tolerances_data_and_tests_are_kept(browser: Client, alice: User) -> None:
    capture = from_zip(alice, {"fit.py": b"open('results/fit.json', 'w')", "notes.txt": b"",
                               "results/fit.json": RESULT})  # fmt: skip
    output = capture.files.get(path="results/fit.json")
    note = capture.files.get(path="notes.txt")
    tests = capture.files.get(path__endswith=".feature")
    changes = {
        f"rtol-{output.pk}": "0.001", f"ignore-{output.pk}": "time, host",
        f"statistical-{output.pk}": "on", f"role-{note.pk}": "input",
        f"test-{tests.pk}": "Feature: mine\n", "inputs": "cms:dimuon muons",
    }  # fmt: skip

    browser.post(f"/captures/{capture.pk}", entered(capture, **changes))

    capture.refresh_from_db()
    assert capture.tolerances == {
        "results/fit.json":
        {"rtol": 0.001, "atol": 0.0, "statistical": True, "ignore": ["time", "host"]}
    }  # fmt: skip
    assert capture.inputs == [{"did": "cms:dimuon", "folder": "muons", "files": []}]
    assert capture.files.get(path="notes.txt").role == "input"
    assert bytes(capture.files.get(pk=tests.pk).content or b"") == b"Feature: mine\n"


def test_saving_leads_to_the_proof(browser: Client, capture: Capture) -> None:
    answer = browser.post(f"/captures/{capture.pk}", entered(capture, action="save"), follow=True)

    page = answer.content.decode()
    assert "Proof of version 1" in page
    assert "Version 1 is saved. Its proof has begun." in page
    assert "To be published once it is proven." in page


def test_the_proof_asks_whether_to_add_what_it_missed(browser: Client, alice: User) -> None:
    version = saved(alice, FILES)
    type(version).objects.update(
        proof=Proof.FAILED, proof_note="Step fit failed: no such file", undeclared=["README.md"]
    )
    type(version.runs.get()).objects.update(state="failed")
    capture_id = version.origin["capture"]

    page = text_of(browser, f"/captures/{capture_id}?fragment=proof")
    assert "It reads README.md, which is not declared" in page
    answer = browser.post(f"/analyses/{version.analysis.slug}/add-input", {"path": "README.md"})

    assert answer.headers["Location"] == f"/captures/{capture_id}"
    newest = Analysis.objects.get().newest
    assert (newest.number, newest.proof) == (2, Proof.RUNNING)
    assert "- README.md" in newest.specification


def test_publishing_is_refused_with_the_reason_before_the_proof_has_passed(
    browser: Client, alice: User, workflow_backend: FakeWorkflows
) -> None:
    version = saved(alice, FILES)
    where = f"/analyses/{version.analysis.slug}/publish"

    refused = browser.post(where, follow=True)
    assert "is under way: wait for its end." in refused.content.decode()
    workflow_backend.gives({"results/fit.json": RESULT})
    prove(version, workflow_backend)
    published = browser.post(where, follow=True)

    assert "everybody can reproduce it" in published.content.decode()
    assert Analysis.objects.get().published


def test_the_owner_describes_and_deletes(browser: Client, proven: Analysis) -> None:
    page = text_of(browser, f"/analyses/{proven.slug}/describe")
    assert 'value="Z peak"' in page

    form = {"title": "", "summary": "s", "authors": "Ada Lovelace", "licence": "MIT"}
    refused = browser.post(f"/analyses/{proven.slug}/describe", form)
    browser.post(f"/analyses/{proven.slug}/describe", {**form, "title": "Masses"})

    assert refused.status_code == 422
    assert Analysis.objects.get().title == "Masses"
    browser.post(f"/analyses/{proven.slug}/delete")
    assert not Analysis.objects.exists()


def test_the_versions_are_shown_with_what_changed(browser: Client, proven: Analysis) -> None:
    page = text_of(browser, f"/analyses/{proven.slug}/versions")

    assert "Version 1" in page
    assert "Capture a new version" in page


def test_discarding_leads_back_to_the_analyses(browser: Client, capture: Capture) -> None:
    answer = browser.post(f"/captures/{capture.pk}/discard")

    assert answer.headers["Location"] == "/analyses/"
    assert not Capture.objects.exists()


def test_others_captures_do_not_exist(bob: User, capture: Capture) -> None:
    client = Client()
    sign_in(client, bob)

    assert client.get(f"/captures/{capture.pk}").status_code == 404
    assert client.post(f"/captures/{capture.pk}", entered(capture)).status_code == 404
    assert client.post(f"/captures/{capture.pk}/discard").status_code == 404


def test_a_page_of_many_files_asks_no_more_than_one_of_few(browser: Client, alice: User) -> None:
    few = from_zip(alice, FILES)
    many = from_zip(alice, {**FILES, **{f"notes/{n}.txt": b"" for n in range(250)}})

    text_of(browser, f"/captures/{few.pk}")
    with CaptureQueriesContext(connection) as of_few:
        text_of(browser, f"/captures/{few.pk}")
    with CaptureQueriesContext(connection) as of_many:
        page = text_of(browser, f"/captures/{many.pk}")

    assert len(of_many) <= len(of_few)
    assert "more are not shown" in page
