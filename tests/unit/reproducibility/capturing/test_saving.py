"""From a proposal to an analysis and its versions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

import pytest

from accounts.models import AuditEvent, User
from reproducibility.capture import swhid
from reproducibility.capture.values import Author, Data
from reproducibility.models import Analysis, CaptureState, Kind, Proof, RunState
from reproducibility.services.captures import editing, saving, starting
from reproducibility.services.captures.editing import Edits
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import (
    FILES,
    RESULT,
    SPECIFICATION,
    from_zip,
    handed_in,
    proof_of,
    prove,
    read,
    saved,
    zipped,
)
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

WITH_RESULT = {**FILES, "results/fit.json": RESULT}


def refused(user: User, capture_id: object, **edits: object) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        changed_and_saved(user, str(capture_id), edits)
    return caught.value


def changed_and_saved(user: User, capture_id: str, edits: Mapping[str, object]) -> None:
    if edits:
        editing.change(user, capture_id, Edits(**edits))  # type: ignore[arg-type]
    saving.save(user, capture_id)


def test_saving_makes_a_private_analysis_and_starts_its_proof(alice: User, bob: User) -> None:
    version = saved(alice, WITH_RESULT)

    analysis = Analysis.objects.get()
    assert (analysis.slug, analysis.owner, analysis.published) == ("z-peak", alice, False)
    assert not Analysis.objects.visible_to(bob).exists()
    assert (version.number, version.proof) == (1, Proof.RUNNING)
    assert proof_of(version).kind == Kind.PROOF
    assert proof_of(version).state == RunState.PREPARING


def test_a_version_has_code_inputs_outputs_and_checksums(alice: User) -> None:
    version = saved(alice, WITH_RESULT)

    files = {file.path: bytes(file.content) for file in version.files.all()}
    assert set(files) >= {"fit.py", "data/calib.json"}
    assert "results/fit.json" not in files
    assert version.specification == SPECIFICATION.decode()
    assert version.environment == "vre-portal/physics:2026.11"
    (output,) = version.outputs.all()
    assert output.sha256 == sha256(RESULT).hexdigest()
    assert version.code["swhid"] == swhid.directory(files)
    assert len(version.content_sha256) == 64


def test_a_second_analysis_of_the_same_title_gets_another_address(alice: User) -> None:
    saved(alice, FILES)
    saved(alice, FILES)

    first, second = Analysis.objects.order_by("created_at").values_list("slug", flat=True)
    assert first == "z-peak"
    assert re.fullmatch("z-peak-[a-z]{4}", second)


def test_saving_again_what_has_not_changed_makes_no_version(
    alice: User, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": RESULT})
    version = prove(saved(alice, FILES), workflow_backend)

    again = saving.save(alice, version.origin["capture"]).version

    assert again == version
    assert again.proof == Proof.PASSED


def test_a_changed_capture_becomes_the_next_version_and_the_first_stays(alice: User) -> None:
    version = saved(alice, FILES)
    capture_id = version.origin["capture"]
    editing.change(alice, capture_id, Edits(roles={"README.md": ""}))

    second = saving.save(alice, capture_id).version

    assert (second.number, second.analysis_id) == (2, version.analysis_id)
    assert version.files.filter(path="README.md").exists()
    assert not second.files.filter(path="README.md").exists()


def test_another_source_can_become_a_version_of_ones_own_analysis(alice: User, bob: User) -> None:
    analysis = saved(alice, FILES).analysis
    wish = handed_in(zipped({**FILES, "fit.py": b"print(1)"}))

    capture = read(starting.start(alice, "zip", wish, analysis=analysis))

    assert saving.save(alice, capture.pk).version.number == 2
    Analysis.objects.update(published=True)
    with pytest.raises(Forbidden):
        starting.own_analysis(bob, analysis.slug)


def test_a_specification_with_a_fault_is_kept_but_not_saved(alice: User) -> None:
    capture = from_zip(alice, FILES)
    broken = FILES["reana.yaml"].decode().replace("serial", "cereal")

    error = refused(alice, capture.pk, specification=broken)

    assert error.field == "specification"
    assert error.message.startswith("Line ")
    capture.refresh_from_db()
    assert capture.specification == broken


def test_a_wrong_orcid_names_the_author(alice: User) -> None:
    capture = from_zip(alice, FILES)

    error = refused(alice, capture.pk, authors=(Author("Ada", "0000-0002-1825-0098"),))

    assert error.field == "authors"
    assert "Ada" in error.message


@pytest.mark.parametrize(
    ("edits", "field"),
    [
        ({"title": "  "}, "title"),
        ({"authors": ()}, "authors"),
        ({"summary": "x" * 10_001}, "summary"),
        ({"licence": "a\0b"}, "licence"),
        ({"inputs": (Data("nonsense", "data"),)}, "inputs"),
        ({"inputs": (Data("cms:dimuon", "../out"),)}, "inputs"),
        ({"tolerances": {"results/fit.json": {"rtol": -1}}}, "tolerances"),
        ({"tolerances": {"results/fit.json": {"rtol": "much"}}}, "tolerances"),
        ({"roles": {"nowhere.py": "code"}}, "roles"),
        ({"roles": {"fit.py": "king"}}, "roles"),
        ({"tests": {"tests/a.txt": ""}}, "tests"),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_field(
    alice: User, edits: dict[str, object], field: str
) -> None:
    capture = from_zip(alice, FILES)

    assert refused(alice, capture.pk, **edits).field == field


def test_data_that_is_not_there_is_refused_by_its_did(alice: User) -> None:
    capture = from_zip(alice, FILES)

    error = refused(alice, capture.pk, inputs=(Data("cms:nothing", "data"),))

    assert error.field == "inputs"
    assert "cms:nothing" in error.message


def test_a_file_that_is_too_large_is_sent_to_the_data_lake(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_CAPTURE_FILE_BYTES", "1000")
    get_config.cache_clear()
    capture = from_zip(alice, {**FILES, "data/calib.json": b" " * 1_001})

    error = refused(alice, capture.pk)

    assert error.field == "roles"
    assert "data/calib.json" in error.message
    assert "data lake" in error.message


def test_tolerances_go_with_their_outputs(alice: User) -> None:
    capture = from_zip(alice, WITH_RESULT)
    editing.change(alice, capture.pk, Edits(tolerances={"results/fit.json": {"rtol": 1e-3}}))

    version = saving.save(alice, capture.pk).version

    assert version.outputs.get().tolerance["rtol"] == 1e-3


def test_a_capture_that_is_not_read_yet_can_not_be_saved(alice: User) -> None:
    capture = starting.start(alice, "zip", handed_in(zipped(FILES)))

    with pytest.raises(Conflict):
        saving.save(alice, capture.pk)
    with pytest.raises(Conflict):
        editing.change(alice, capture.pk, Edits(title="x"))


def test_a_capture_of_somebody_else_does_not_exist(alice: User, bob: User) -> None:
    capture = from_zip(alice, FILES)

    for act in (starting.find, saving.save, starting.discard):
        with pytest.raises(NotFound):
            act(bob, capture.pk)


def test_another_entry_is_proposed_from_the_same_files(alice: User) -> None:
    files = {"fit.py": b"open('a.json', 'w')", "draw.py": b"open('b.png', 'w')"}
    capture = from_zip(alice, files)

    other = next(path for path in files if path != capture.found["entry"])
    capture = editing.propose_again(alice, capture.pk, other)

    assert capture.found["entry"] == other
    assert other in capture.specification
    assert capture.state == CaptureState.PROPOSED


def test_saving_is_audited(alice: User) -> None:
    saved(alice, FILES)

    assert AuditEvent.objects.filter(action="analysis.saved", actor=alice.pk).exists()
