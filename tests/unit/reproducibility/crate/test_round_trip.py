"""A crate that somebody else takes in is the analysis that it was."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from accounts.models import User
from reproducibility.capture.values import Author
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    Capture,
    CaptureState,
    RecordedOutput,
)
from reproducibility.services import recorded_files
from reproducibility.services.captures import editing, publishing, saving, starting
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import RESULT, handed_in, prove, read
from tests.unit.reproducibility.crate.conftest import (
    ANALYSIS,
    MUONS,
    ODD,
    SPECIFICATION,
    TOLERANCE,
    reproduced,
    sent,
    taken_in,
    unpacked,
)
from vre_portal.config import get_config

Pair = tuple[tuple[User, Analysis], tuple[User, Analysis]]
NEARLY = b'{"mass": 91.195}'


def brought(alice: User, bob: User, analysis: Analysis) -> Capture:
    """Return Bob's capture of the crate that Alice downloaded."""
    capture = taken_in(bob, sent(alice, analysis))
    assert capture.state == CaptureState.PROPOSED, capture.message
    return capture


def kept(alice: User, bob: User, analysis: Analysis) -> AnalysisVersion:
    """Return the version that Bob saves of it, with nothing changed."""
    return saving.save(bob, brought(alice, bob, analysis).pk).version


@pytest.fixture
def pair(alice: User, bob: User, owned: Analysis, workflow_backend: FakeWorkflows) -> Pair:
    """Alice with her analysis, and Bob with what he took in and proved."""
    version = prove(kept(alice, bob, owned), workflow_backend)
    return (alice, owned), (bob, version.analysis)


def test_specification_files_inputs_outputs_and_tolerances_are_the_same(
    alice: User, bob: User, owned: Analysis
) -> None:
    version = kept(alice, bob, owned)

    assert version.analysis != owned
    assert version.specification.encode() == SPECIFICATION
    assert version.content_sha256 == owned.newest.content_sha256
    for part in ("files", "outputs"):
        there, here = (set(getattr(v, part).values_list("path", "sha256"))
                       for v in (owned.newest, version))  # fmt: skip
        assert there == here
    assert version.files.filter(path=ODD).exists()


def test_the_proposal_says_what_the_crate_says(alice: User, bob: User, owned: Analysis) -> None:
    capture = brought(alice, bob, owned)

    assert (capture.title, capture.licence) == ("Z peak", "Apache-2.0")
    assert capture.summary == "Fits the Z peak.\n\nOf dimuon pairs."
    assert capture.authors == [Author("Ada Lovelace", "0000-0002-1825-0097").as_json()]
    assert capture.tolerances == {"results/fit.json": TOLERANCE}
    assert capture.inputs == [{"did": "cms:dimuon", "folder": "muons", "files": MUONS}]
    assert {each["name"] for each in capture.found["parameters"]} == {
        "bins", "low", "label", "quick",
    }  # fmt: skip
    assert all(fault.hint for fault in editing.faults_of(capture))


def test_what_was_written_for_the_crate_is_left_out(
    alice: User, bob: User, owned: Analysis
) -> None:
    owned.newest.files.filter(path="CITATION.cff").delete()
    reproduced(alice, owned)

    capture = brought(alice, bob, owned)

    roles = dict(capture.files.values_list("path", "role"))
    assert roles["CITATION.cff"] == ""
    assert {role for path, role in roles.items() if path.startswith("verdicts/")} == {""}


@pytest.mark.parametrize(
    ("gives", "level"),
    [(RESULT, "bit-identical"), (NEARLY, "numerically-equal"), (b'{"mass": 80}', "different")],
)
def test_a_reproduction_has_the_same_verdict(
    pair: Pair, workflow_backend: FakeWorkflows, gives: bytes, level: str
) -> None:
    workflow_backend.gives({"results/fit.json": gives})

    levels = tuple(reproduced(user, analysis) for user, analysis in pair)

    assert levels == (level, level)


def test_the_acceptance_tests_come_along(
    alice: User, bob: User, owned: Analysis, workflow_backend: FakeWorkflows
) -> None:
    version = prove(kept(alice, bob, owned), workflow_backend)

    assert version.proof == "passed"
    (run,) = version.runs.all()
    assert [(each["scenario"], each["passed"]) for each in run.tests] == [("They are there", True)]


def test_a_second_crate_holds_the_same_files(alice: User, bob: User, owned: Analysis) -> None:
    version = kept(alice, bob, owned)

    first, second = unpacked(sent(alice, owned)), unpacked(sent(bob, version.analysis))

    same = set(first.files) - {"ro-crate-metadata.json"}
    assert same == set(second.files) - {"ro-crate-metadata.json"}
    assert all(first.files[path] == second.files[path] for path in same)
    assert set(first.graph) == set(second.graph)


def a_lost_output(output: RecordedOutput) -> None:
    output.content, output.size, output.sha256 = b"", 7 << 20, sha256(b"lost").hexdigest()
    output.save()


def no_licence(output: RecordedOutput) -> None:
    Analysis.objects.update(licence="", summary="")


def a_licence_of_its_own(output: RecordedOutput) -> None:
    Analysis.objects.update(licence="Ask the authors")


def two_images(output: RecordedOutput) -> None:
    AnalysisVersion.objects.update(environment="reana/a:1, docker.io/b/c@sha256:" + "ab" * 32)


def no_authors_with_ids(output: RecordedOutput) -> None:
    Analysis.objects.update(authors=[{"name": "B. Student", "orcid": ""}])


@pytest.mark.parametrize(
    "change", [a_lost_output, no_licence, a_licence_of_its_own, two_images, no_authors_with_ids]
)
def test_less_usual_analyses_come_back_too(
    alice: User, bob: User, owned: Analysis, change: Callable[[RecordedOutput], None]
) -> None:
    change(owned.newest.outputs.get())
    owned.refresh_from_db()

    version = kept(alice, bob, owned)

    for name in ("licence", "summary", "authors", "title"):
        assert getattr(version.analysis, name) == getattr(owned, name)
    there = AnalysisVersion.objects.get(pk=owned.newest.pk)
    assert version.environment == there.environment
    told = ("path", "sha256", "size", "tolerance")
    assert list(version.outputs.values(*told)) == list(there.outputs.values(*told))


def test_what_is_known_of_the_environment_and_the_code_comes_along(
    alice: User, bob: User, owned: Analysis
) -> None:
    surroundings = {
        "slug": "physics", "name": "Physics 2026.11", "lock_sha256": "ab" * 32,
        "interpreter": "CPython 3.11.9", "system": "Debian 12", "processor": "x86_64",
        "threads": 8, "packages": ["numpy==2.3.5", "uproot==5.6.8"],
    }  # fmt: skip
    code = {"repository": "https://git.test/z", "commit": "ab" * 20, "dirty": True}
    AnalysisVersion.objects.update(surroundings=surroundings, code=code)

    version = kept(alice, bob, owned)

    assert version.surroundings == surroundings
    assert {name: version.code[name] for name in code} == code


def test_a_published_analysis_may_be_brought_by_anybody(
    alice: User, bob: User, owned: Analysis
) -> None:
    publishing.publish(alice, owned.slug)

    capture = taken_in(bob, sent(bob, owned))

    assert bytes(capture.files.get(path="fit.py").content or b"") == ANALYSIS["fit.py"]


def test_the_plain_form_takes_a_crate_as_well(alice: User, bob: User, owned: Analysis) -> None:
    capture = read(starting.start(bob, "zip", handed_in(sent(alice, owned))))

    assert capture.tolerances == {"results/fit.json": TOLERANCE}


def test_a_large_output_comes_along_with_its_contents(
    alice: User, bob: User, owned: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"0123456789abcdef" * (1 << 16)
    output = owned.newest.outputs.get()
    output.content, output.size, output.sha256 = b"", len(large), sha256(large).hexdigest()
    output.save()
    (tmp_path / "large").write_bytes(large)
    recorded_files.keep(tmp_path / "large", output.sha256, output.size)
    content = sent(alice, owned)
    recorded_files.discard(output.sha256)
    monkeypatch.setenv("VRE_CAPTURE_FILE_BYTES", "100000")
    get_config.cache_clear()

    version = saving.save(bob, taken_in(bob, content).pk).version

    there = version.outputs.get()
    assert bytes(there.content) == b""
    path = recorded_files.find(there.sha256, there.size)
    assert path is not None
    assert path.read_bytes() == large
