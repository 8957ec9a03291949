"""A proof passes only when a run gives every declared output from the declared inputs alone."""

from __future__ import annotations

import pytest

from accounts.models import User
from reproducibility.models import Analysis, AnalysisVersion, Proof, Run, RunState
from reproducibility.services import proofs
from reproducibility.services.captures import editing, publishing, saving
from reproducibility.services.captures.editing import Edits
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import (
    FILES,
    RESULT,
    concluded,
    from_zip,
    proof_of,
    prove,
    saved,
)
from tests.unit.reproducibility.conftest import work
from vre_portal.errors import Conflict, InvalidRequest

MISSED = "FileNotFoundError: [Errno 2] No such file or directory: 'data/calib.json'"
UNDECLARED = FILES | {"reana.yaml": FILES["reana.yaml"].replace(b"    - data/calib.json\n", b"")}


def failed(version: AnalysisVersion, workflow_backend: FakeWorkflows, said: str) -> AnalysisVersion:
    """Let the proof of a version fail with a log."""
    run = work(proof_of(version))
    workflow_backend.fail_one(workflow_backend.workflows[run.workflow_id], 0, said)
    for _ in range(5):
        run = work(run) if run.active else run
    concluded(run)
    version.refresh_from_db()
    return version


def test_the_outputs_of_a_proof_become_the_recorded_ones(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": RESULT, "results/other.txt": b"1"})

    version = prove(saved(alice, FILES), workflow_backend)

    assert version.proof == Proof.PASSED
    assert version.proof_note == ""
    (output,) = version.outputs.all()
    assert (output.path, bytes(output.content)) == ("results/fit.json", RESULT)


def test_a_recorded_output_that_comes_out_the_same_passes(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": RESULT})

    version = prove(saved(alice, {**FILES, "results/fit.json": RESULT}), workflow_backend)

    assert version.proof == Proof.PASSED
    assert version.outputs.count() == 1


def test_a_recorded_output_that_differs_fails_and_says_what_to_do(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": b'{"mass": 80.4}'})

    version = prove(saved(alice, {**FILES, "results/fit.json": RESULT}), workflow_backend)

    assert version.proof == Proof.FAILED
    assert "results/fit.json is not what was recorded" in version.proof_note
    assert "tolerance" in version.proof_note


def test_a_declared_output_that_is_not_given_fails(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/other.json": RESULT})

    version = prove(saved(alice, FILES), workflow_backend)

    assert version.proof == Proof.FAILED
    assert version.proof_note == "The run ended well but did not give results/fit.json."
    assert not version.outputs.exists()


def test_a_folder_of_outputs_that_stays_empty_fails(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    text = FILES["reana.yaml"].replace(b"  files:\n    - results/fit.json", b"  directories: [out]")
    workflow_backend.gives({})

    version = prove(saved(alice, {**FILES, "reana.yaml": text}), workflow_backend)

    assert "nothing into the folder out" in version.proof_note


def test_a_failed_proof_names_the_undeclared_file(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    capture = from_zip(alice, UNDECLARED)
    editing.change(alice, capture.pk, Edits(roles={"data/calib.json": ""}))

    version = failed(saving.save(alice, capture.pk).version, workflow_backend, MISSED)

    assert version.proof == Proof.FAILED
    assert version.undeclared == ["data/calib.json"]
    assert "FileNotFoundError" in version.proof_note


def test_the_missed_file_is_added_to_a_new_version_that_is_proven(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    capture = from_zip(alice, UNDECLARED)
    editing.change(alice, capture.pk, Edits(roles={"data/calib.json": ""}))
    first = failed(saving.save(alice, capture.pk).version, workflow_backend, MISSED)
    workflow_backend.gives({"results/fit.json": RESULT})

    second = publishing.add_undeclared(alice, first.analysis.slug, "data/calib.json").version

    assert second.number == 2
    assert "    - data/calib.json\n" in second.specification
    assert second.files.filter(path="data/calib.json").exists()
    assert prove(second, workflow_backend).proof == Proof.PASSED
    first.refresh_from_db()
    assert first.proof == Proof.FAILED


def test_only_a_file_that_the_proof_missed_can_be_added(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    version = saved(alice, FILES)

    with pytest.raises(InvalidRequest, match="did not miss"):
        publishing.add_undeclared(alice, version.analysis.slug, "README.md")


def test_hearing_of_the_end_twice_changes_nothing(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": RESULT})
    version = prove(saved(alice, FILES), workflow_backend)

    concluded(proof_of(version))

    version.refresh_from_db()
    assert version.proof == Proof.PASSED
    assert version.outputs.count() == 1


def test_a_run_that_is_no_proof_says_nothing_of_the_version(run: Run) -> None:
    Run.objects.update(state=RunState.FAILED)
    run.refresh_from_db()

    proofs.ended(run)

    assert Analysis.objects.get(pk=run.analysis_id).newest.proof == Proof.NONE


def test_an_older_proof_says_nothing_once_a_newer_one_has_begun(alice: User) -> None:
    version = saved(alice, FILES)
    old = proof_of(version)
    Run.objects.filter(pk=old.pk).update(state=RunState.STOPPED)
    saving.prove(alice, version)

    old.refresh_from_db()
    proofs.ended(old)

    version.refresh_from_db()
    assert version.proof == Proof.RUNNING


def test_a_stopped_proof_can_be_done_again_but_not_twice_at_once(alice: User) -> None:
    version = saved(alice, FILES)
    run = proof_of(version)

    with pytest.raises(Conflict, match="under way"):
        saving.prove(alice, version)
    Run.objects.filter(pk=run.pk).update(state=RunState.STOPPED, message="Stopped by you.")
    run.refresh_from_db()
    proofs.ended(run)

    version.refresh_from_db()
    assert (version.proof, version.proof_note) == (
        Proof.FAILED, "The proof was stopped. Prove it again.",
    )  # fmt: skip
    assert saving.prove(alice, version).kind == "proof"
