"""Captures from each kind of source: what is found, and what is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import get_backend
from reproducibility.models import Capture, CaptureState, Source
from reproducibility.services.captures import incoming, starting
from sessions.models import Session
from tests.fakes.data import FakeDataBackend
from tests.fakes.git import served
from tests.fakes.running import FakeRunning
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import (
    FILES,
    SCRIPT,
    crate,
    from_zip,
    handed_in,
    put,
    read,
    zipped,
)
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, UpstreamUnavailable
from vre_portal.models import Operation

NOTEBOOK = b"""{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
 {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Z peak"},
 {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"]}, "outputs": [],
  "execution_count": null, "source": "bins = 60"},
 {"cell_type": "code", "id": "c", "metadata": {}, "outputs": [], "execution_count": null,
  "source": "open('masses/all.csv'); open('results/fit.json', 'w').write('1')"}]}"""


def from_session(user: User, session: Session, path: str) -> Capture:
    wish = {"session": str(session.pk), "path": path}
    return read(starting.start(user, "session", wish))


def refused(user: User, kind: str, **wish: str) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        starting.start(user, kind, wish)
    return caught.value


def test_a_folder_of_a_session_is_read_and_proposed(alice: User, session: Session) -> None:
    capture = from_session(alice, session, "zpeak")

    assert capture.state == CaptureState.PROPOSED, capture.message
    assert capture.title == "Z peak"
    assert capture.authors == [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}]
    assert capture.licence == "Apache-2.0"
    assert capture.specification == FILES["reana.yaml"].decode()
    assert capture.surroundings["slug"] == "physics"
    roles = dict(capture.files.values_list("path", "role"))
    assert roles["fit.py"] == "code"
    assert roles["data/calib.json"] == "input"
    assert "reana.yaml" not in roles


def test_files_of_the_data_lake_are_known_by_name_size_and_checksum(
    alice: User, session: Session, running: FakeRunning
) -> None:
    mine = {"zpeak/muons/muons_1.root": b"muon", "zpeak/muons/muons_2.root": b"mine" * 2}
    put(running, session, mine)

    capture = from_session(alice, session, "zpeak")

    (data,) = capture.inputs
    assert (data["did"], data["folder"]) == ("cms:dimuon", "muons")
    places = {file["did"]: file.get("path") for file in data["files"]}
    assert places == {"cms:muons_1.root": "muons/muons_1.root", "cms:muons_2.root": None}
    assert capture.files.get(path="muons/muons_1.root").role == ""


def test_data_that_is_gone_from_the_catalogue_is_noted(
    alice: User, session: Session, data_backend: FakeDataBackend
) -> None:
    Session.objects.update(datasets=["cms:gone"])

    capture = from_session(alice, session, "zpeak")

    assert capture.inputs == []
    assert "cms:gone is not in the data lake any more." in capture.found["notes"]


def test_a_notebook_in_the_home_takes_only_the_folders_that_it_names(
    alice: User, session: Session, running: FakeRunning
) -> None:
    put(running, session, {"z.ipynb": NOTEBOOK, "masses/all.csv": b"1", "holiday/beach.csv": b"2"})

    capture = from_session(alice, session, "z.ipynb")

    paths = set(capture.files.values_list("path", flat=True))
    assert "masses/all.csv" in paths
    assert "holiday/beach.csv" not in paths
    assert capture.found["entry"] == "z.ipynb"
    assert "papermill" in capture.specification
    assert capture.environment == "vre-portal/physics:2026.11"


def test_a_session_of_somebody_else_does_not_exist(bob: User, session: Session) -> None:
    assert refused(bob, "session", session=str(session.pk)).field == "session"


def test_a_path_that_is_not_there_is_named(alice: User, session: Session) -> None:
    error = refused(alice, "session", session=str(session.pk), path="nowhere")

    assert error.field == "path"
    assert "nowhere" in error.message


def test_a_folder_with_too_many_files_says_to_choose_a_smaller_one(
    alice: User, session: Session, running: FakeRunning
) -> None:
    put(running, session, {f"many/{n}.txt": b"" for n in range(2_001)})

    capture = from_session(alice, session, "many")

    assert capture.state == CaptureState.FAILED
    assert "more than 2,000 files" in capture.message


def test_a_silent_session_is_asked_again(
    alice: User, session: Session, running: FakeRunning
) -> None:
    capture = starting.start(alice, "session", {"session": str(session.pk), "path": "zpeak"})
    running.fail_on("read", UpstreamUnavailable("The session does not answer."))

    read(capture)
    assert capture.state == CaptureState.READING
    running.recover()
    Operation.objects.update(lease=None, lease_until=None)
    read(capture)

    assert capture.state == CaptureState.PROPOSED


def test_a_capture_that_was_discarded_while_it_was_read_is_not_made_again(alice: User) -> None:
    capture = starting.start(alice, "zip", handed_in(zipped(FILES)))
    operation = Operation.objects.get(subject=capture.pk)
    starting.discard(alice, capture.pk)

    operations.advance(operation.pk)

    assert not Capture.objects.exists()
    assert not incoming.is_here(capture.origin["archive"])


def test_a_zip_is_read_and_forgotten(alice: User) -> None:
    capture = from_zip(alice, {f"zpeak-main/{path}": text for path, text in FILES.items()})

    assert capture.state == CaptureState.PROPOSED
    assert bytes(capture.files.get(path="fit.py").content or b"") == SCRIPT
    assert not incoming.is_here(capture.origin["archive"])


def test_a_broken_zip_fails_in_words(alice: User) -> None:
    capture = read(starting.start(alice, "zip", handed_in(b"PK no zip")))

    assert capture.state == CaptureState.FAILED
    assert "no ZIP archive" in capture.message


def test_without_a_zip_one_is_asked_for(alice: User) -> None:
    assert refused(alice, "zip").field == "file"
    assert refused(alice, "zip", archive="../../etc/passwd").field == "file"


def test_an_ro_crate_tells_title_authors_licence_and_entry(alice: User) -> None:
    told = crate(
        name="Masses of the Z", description="As the paper has it.",
        license={"@id": "https://spdx.org/licenses/MIT"}, mainEntity={"@id": "fit.py"},
        author=[{"@id": "https://orcid.org/0000-0002-1825-0097"}],
    )  # fmt: skip
    capture = from_zip(alice, {"ro-crate-metadata.json": told, "fit.py": SCRIPT})

    assert capture.title == "Masses of the Z"
    assert capture.summary == "As the paper has it."
    assert capture.licence == "MIT"
    assert capture.authors == [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}]
    assert capture.found["entry"] == "fit.py"


@pytest.mark.parametrize(
    "metadata", [b"", b"[]", b'{"@graph": 1}', b'{"@graph": ["x"]}', b'{"@graph": [{"@id": "./"}]}']
)
def test_a_crate_whose_metadata_are_broken_is_read_as_a_plain_zip(
    alice: User, metadata: bytes
) -> None:
    capture = from_zip(alice, {"ro-crate-metadata.json": metadata, **FILES})

    assert capture.title == "Z peak"


def test_what_is_handed_in_as_a_crate_must_be_one(alice: User) -> None:
    capture = read(starting.start(alice, Source.CRATE, handed_in(zipped(FILES))))

    assert "it is no RO-Crate" in capture.message


def test_a_workflow_at_reana_brings_its_specification_and_files(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    who = credential_for(alice, "reana")
    made = get_backend().create(who, "zpeak", {"workflow": {}}, dict(FILES))

    capture = read(starting.start(alice, "reana", {"workflow": "zpeak"}))

    assert capture.state == CaptureState.PROPOSED, capture.message
    assert capture.origin["workflow"] == made.name
    assert capture.specification == FILES["reana.yaml"].decode()


def test_a_workflow_that_is_not_there_is_named(alice: User) -> None:
    error = refused(alice, "reana", workflow="nothing.7")

    assert error.field == "workflow"
    assert "nothing.7" in error.message


def test_a_repository_is_fetched_at_its_commit(alice: User, tmp_path: Path) -> None:
    files = {path: content.decode() for path, content in FILES.items()}
    with served(tmp_path / "zpeak", files) as server:
        capture = read(starting.start(alice, "git", {"repository": server.url}))

    assert capture.state == CaptureState.PROPOSED, capture.message
    assert capture.code["commit"] == server.commit
    assert bytes(capture.files.get(path="fit.py").content or b"") == SCRIPT


def test_a_branch_that_is_not_there_is_told_by_name(alice: User, tmp_path: Path) -> None:
    with served(tmp_path / "zpeak", {"a.py": "1"}) as server:
        wish = {"repository": server.url, "ref": "v2"}
        capture = read(starting.start(alice, "git", wish))

    assert capture.state == CaptureState.FAILED
    assert "no branch or tag 'v2'" in capture.message


@pytest.mark.parametrize(
    "address", ["", "file:///etc", "ssh://git@host/x", "https://me:secret@host/x", "https://host"]
)
def test_an_address_that_is_not_public_https_is_refused(alice: User, address: str) -> None:
    assert refused(alice, "git", repository=address).field == "repository"


def test_a_source_of_another_kind_is_told_what_there_is(alice: User) -> None:
    error = refused(alice, "floppy")

    assert error.field == "kind"
    assert "session" in error.message


def test_nobody_piles_up_captures(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "MOST_OPEN", 1)
    starting.start(alice, "zip", handed_in(zipped(FILES)))

    with pytest.raises(Conflict, match="Discard some"):
        starting.start(alice, "zip", handed_in(zipped(FILES)))
