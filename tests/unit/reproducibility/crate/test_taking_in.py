"""Crates that are broken, hostile, or of another profile: refused, or read as far as they go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.crate import entities
from reproducibility.models import Analysis, Capture, CaptureState
from reproducibility.services.captures import saving
from tests.factories import sign_in
from tests.unit.reproducibility.capturing.conftest import SCRIPT, crate, from_zip, zipped
from tests.unit.reproducibility.crate.conftest import changed, sent, taken_in, unpacked

METADATA = "ro-crate-metadata.json"
PAYLOAD = "<script>alert(1)</script>"


@pytest.fixture
def good(alice: User, owned: Analysis) -> bytes:
    """A crate with nothing wrong in it."""
    return sent(alice, owned)


def with_entity(content: bytes, key: str, **members: Any) -> bytes:
    """Return a crate that says something else of one thing."""
    graph = unpacked(content).graph
    graph[key] = {**graph.get(key, {"@id": key, "@type": "Thing"}), **members}
    document = {"@context": [], "@graph": list(graph.values())}
    return changed(content, {METADATA: json.dumps(document).encode()})


def reason(user: User, content: bytes) -> str:
    """Return why a crate was refused."""
    capture = taken_in(user, content)
    assert capture.state == CaptureState.FAILED
    return capture.message


def read_anyway(user: User, content: bytes) -> Capture:
    """Return the capture of a crate that is read though not all of it can be used."""
    capture = taken_in(user, content)
    assert capture.state == CaptureState.PROPOSED, capture.message
    return capture


@pytest.mark.parametrize("path", ["fit.py", "results/fit.json", "reana.yaml"])
def test_a_file_that_is_not_the_one_described_is_named_with_both_checksums(
    bob: User, good: bytes, path: str
) -> None:
    told = reason(bob, changed(good, {path: b"version: 0.9.0\n"}))

    assert told.startswith(f"{path} is not the file that the crate tells of")
    assert unpacked(good).graph[path]["sha256"] in told


def test_a_file_that_is_not_there_is_named(bob: User, good: bytes) -> None:
    told = reason(bob, changed(good, {"data/calib.json": None}))

    assert told == (
        "The crate tells of data/calib.json and does not hold it. Download the crate anew."
    )


@pytest.mark.parametrize("document", [b"", b"[]", b'{"@graph": [{"@type": "Dataset"}]}'])
def test_broken_metadata_are_refused_in_words(bob: User, good: bytes, document: bytes) -> None:
    told = reason(bob, changed(good, {METADATA: document}))

    assert told.startswith(f"{METADATA} can't be read: ")


def test_a_plain_zip_is_read_without_metadata_that_are_broken(bob: User) -> None:
    capture = from_zip(bob, {METADATA: b"{", "fit.py": SCRIPT})

    assert capture.found["entry"] == "fit.py"
    assert f"{METADATA} can't be read: it is no JSON." in capture.found["notes"][0]


def test_metadata_that_are_too_long_are_not_read(
    bob: User, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entities, "MOST_BYTES", 1_000)

    assert "longer than any that is read here" in reason(bob, good)


def test_a_truncated_download_is_refused(bob: User, good: bytes) -> None:
    assert "no ZIP archive, or a damaged one" in reason(bob, good[:-100])


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "%2e%2e/secret"])
def test_a_path_that_leads_out_is_only_a_file_that_is_not_there(
    bob: User, good: bytes, path: str
) -> None:
    parts = [{"@id": path}]
    content = with_entity(with_entity(good, path), "reana.yaml", hasPart=parts)

    assert "does not hold it" in reason(bob, content)


def test_an_absent_output_whose_path_leads_out_is_left_out(bob: User, good: bytes) -> None:
    output = {"alternateName": "../../x", "sha256": "ab" * 32, "contentSize": "7"}
    content = with_entity(good, "#absent-x", **output)
    content = with_entity(content, "#output-results%2Ffit.json", workExample={"@id": "#absent-x"})

    capture = read_anyway(bob, content)

    assert not capture.files.filter(path__contains="..").exists()


def test_scripts_in_names_stay_text(client: Client, bob: User, good: bytes) -> None:
    content = with_entity(good, "./", name=PAYLOAD, description=PAYLOAD)
    content = with_entity(content, "https://orcid.org/0000-0002-1825-0097", name=PAYLOAD)
    capture = read_anyway(bob, content)
    sign_in(client, bob)

    page = client.get(f"/captures/{capture.pk}").content.decode()

    assert capture.title == PAYLOAD
    assert PAYLOAD not in page


def test_no_page_links_to_what_is_no_web_address(client: Client, bob: User, good: bytes) -> None:
    evil = "javascript:alert(1)"
    content = with_entity(good, "./", license={"@id": evil}, author=[{"@id": evil}], url=evil)
    content = with_entity(content, evil, name=PAYLOAD, url=evil)
    content = with_entity(content, "reana.yaml", codeRepository=evil, identifier=evil)
    capture = read_anyway(bob, content)
    analysis = saving.save(bob, capture.pk).version.analysis
    sign_in(client, bob)

    pages = [client.get(path).content.decode()
             for path in (f"/captures/{capture.pk}", f"/analyses/{analysis.slug}")]  # fmt: skip

    assert all("Z peak" in page and PAYLOAD not in page for page in pages)
    assert not any("javascript:" in page for page in pages)


def test_letters_that_nobody_sees_are_left_out(bob: User, good: bytes) -> None:
    content = with_entity(good, "./", name="Z\u0000 peak\ud800\u202e", description="a\u0000\nb")

    capture = read_anyway(bob, content)

    assert (capture.title, capture.summary) == ("Z peak", "a\nb")


def test_an_input_that_is_no_did_is_left_out_and_named(bob: User, good: bytes) -> None:
    key = next(key for key in unpacked(good).graph if key.endswith("/data/cms:dimuon"))

    capture = read_anyway(bob, with_entity(good, key, identifier="../<b>"))

    assert capture.inputs == []
    assert "The crate's input ../<b> is no DID and is left out." in capture.found["notes"]


def test_a_folder_that_leads_out_becomes_a_plain_one(bob: User, good: bytes) -> None:
    key = next(key for key in unpacked(good).graph if key.endswith("/data/cms:dimuon"))

    capture = read_anyway(bob, with_entity(good, key, alternateName="../../etc"))

    assert capture.inputs[0]["folder"] == "data"


@pytest.mark.parametrize("value", [-1, "wide", 10**400, {"@id": "#x"}])
def test_a_tolerance_that_is_none_is_left_out_and_named(
    bob: User, good: bytes, value: object
) -> None:
    content = with_entity(good, "#rtol-results%2Ffit.json", value=value)

    capture = read_anyway(bob, content)

    assert capture.tolerances == {}
    assert any("tolerance of results/fit.json" in note for note in capture.found["notes"])


@pytest.mark.parametrize("told", [None, 7, [[]], {"@id": 3}, [{"@id": "#nothing"}]])
@pytest.mark.parametrize("name", ["input", "output", "hasPart", "programmingLanguage", "license"])
def test_members_of_any_shape_are_survived(bob: User, good: bytes, name: str, told: object) -> None:
    content = with_entity(with_entity(good, "reana.yaml", **{name: told}), "./", **{name: told})

    assert taken_in(bob, content).state in {CaptureState.PROPOSED, CaptureState.FAILED}


def test_a_repository_that_is_no_web_address_is_left_out(bob: User, good: bytes) -> None:
    capture = read_anyway(
        bob, with_entity(good, "reana.yaml", codeRepository="javascript:alert(1)")
    )

    assert capture.code["repository"] == ""


def test_a_crate_of_another_language_says_that_steps_are_guessed(bob: User) -> None:
    told = json.loads(crate(name="Galaxy says", mainEntity={"@id": "sort.ga"}))
    told["@graph"] += [
        {"@id": "sort.ga", "@type": ["File", "ComputationalWorkflow"],
         "programmingLanguage": {"@id": "#galaxy"}},
        {"@id": "#galaxy", "@type": "ComputerLanguage", "name": "Galaxy"},
    ]  # fmt: skip
    files = {METADATA: json.dumps(told).encode(), "sort.ga": b"{}", "fit.py": SCRIPT}

    capture = read_anyway(bob, zipped(files))

    assert capture.title == "Galaxy says"
    assert any("sort.ga, written in Galaxy" in note for note in capture.found["notes"])


def test_a_crate_that_is_no_analysis_is_read_as_the_files_that_it_has(bob: User) -> None:
    files = {METADATA: crate(name="Masses", description="Of the Z."), "fit.py": SCRIPT}

    capture = read_anyway(bob, zipped(files))

    assert capture.found["entry"] == "fit.py"
    assert capture.summary == "Of the Z."


def test_only_metadata_make_no_analysis(bob: User) -> None:
    assert "holds no files" in reason(bob, zipped({METADATA: crate(name="Nothing")}))


def test_a_wrong_orcid_is_left_out(bob: User, good: bytes) -> None:
    wrong = "https://orcid.org/0000-0000-0000-0000-x"
    content = with_entity(with_entity(good, wrong, name="Eve"), "./", author=[{"@id": wrong}])

    capture = read_anyway(bob, content)

    assert capture.authors == [{"name": "Eve", "orcid": ""}]


def test_a_crate_in_a_folder_of_its_own_is_read_too(bob: User, good: bytes) -> None:
    files = {f"my-crate/{path}": each for path, each in unpacked(good).files.items()}

    capture = read_anyway(bob, zipped(files))

    assert capture.title == "Z peak"
