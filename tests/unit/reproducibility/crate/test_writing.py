"""What a crate holds and says of an analysis."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from accounts.models import User
from reproducibility.models import Analysis, RecordedOutput, SignedVerdict
from reproducibility.services import crates, recorded_files
from reproducibility.services.captures import publishing
from tests.unit.reproducibility.capturing.conftest import RESULT
from tests.unit.reproducibility.crate.conftest import (
    ANALYSIS,
    ODD,
    ReadCrate,
    reproduced,
    sent,
    unpacked,
    verdict_of,
)
from vre_portal.errors import NotFound

LARGE = b"0123456789abcdef" * (5 << 16)


@pytest.fixture
def crate(alice: User, owned: Analysis) -> ReadCrate:
    """The crate of Alice's analysis, before anybody reproduced it."""
    return unpacked(sent(alice, owned))


def test_the_files_are_in_the_crate_as_they_were(crate: ReadCrate) -> None:
    for path in ("reana.yaml", "fit.py", "data/calib.json", "tests/outputs.feature", ODD):
        assert crate.files[path] == ANALYSIS[path]
    assert crate.files["results/fit.json"] == RESULT


def test_it_is_a_workflow_run_crate_of_reana(crate: ReadCrate) -> None:
    descriptor, workflow = crate.graph["ro-crate-metadata.json"], crate.graph["reana.yaml"]

    assert descriptor["about"] == {"@id": "./"}
    assert {"@id": "https://w3id.org/ro/crate/1.1"} in descriptor["conformsTo"]
    assert {"@id": "https://w3id.org/ro/wfrun/workflow/0.5"} in crate.root["conformsTo"]
    assert crate.root["mainEntity"] == {"@id": "reana.yaml"}
    assert "ComputationalWorkflow" in workflow["@type"]
    assert crate.graph[workflow["programmingLanguage"]["@id"]]["name"] == "REANA"


def test_every_reference_leads_to_an_entity_or_to_another_site(crate: ReadCrate) -> None:
    named = {
        each["@id"]
        for entity in crate.graph.values()
        for told in entity.values()
        for each in (told if isinstance(told, list) else [told])
        if isinstance(each, dict)
    }

    assert {key for key in named if key not in crate.graph and not key.startswith("http")} == set()


def test_every_file_has_size_and_checksum_and_stands_in_the_root(crate: ReadCrate) -> None:
    parts = {each["@id"] for each in crate.root["hasPart"]}

    for path, content in crate.files.items():
        if path == "ro-crate-metadata.json":
            continue
        entity = next(each for each in crate.of_type("File") if each["@id"] in {path, quoted(path)})
        assert entity["@id"] in parts
        assert entity["contentSize"] == str(len(content))
        assert entity["sha256"] == sha256(content).hexdigest()


def quoted(path: str) -> str:
    return "notes/What%20we%20did%20%231%20-%20%CE%BC%20pairs.txt" if path == ODD else path


def test_parameters_have_types_and_defaults(crate: ReadCrate) -> None:
    formal = {each["name"]: each for each in crate.of_type("FormalParameter")}

    told = {
        name: (each["additionalType"], each.get("defaultValue")) for name, each in formal.items()
    }
    assert told["bins"] == ("Integer", 60)
    assert told["low"] == ("Float", 60.5)
    assert told["label"] == ("Text", "mass")
    assert told["quick"] == ("Boolean", False)
    assert told["cms:dimuon"] == ("Dataset", None)
    assert told["results/fit.json"] == ("File", None)


def test_inputs_are_named_with_their_checksums_and_are_not_held(crate: ReadCrate) -> None:
    data = next(each for each in crate.graph.values() if each.get("identifier") == "cms:dimuon")

    files = [crate.graph[each["@id"]] for each in data["hasPart"]]
    assert data["@id"].startswith("http")
    assert [each["identifier"] for each in files] == ["cms:muons_1.root", "cms:muons_2.root"]
    assert [each["contentSize"] for each in files] == ["4", "8"]
    assert crate.graph[files[0]["additionalProperty"]["@id"]]["name"] == "adler32"
    assert not any("muons" in path for path in crate.files)


def test_authors_and_licence_have_their_public_ids(crate: ReadCrate) -> None:
    assert crate.root["author"] == {"@id": "https://orcid.org/0000-0002-1825-0097"}
    assert crate.root["license"] == {"@id": "https://spdx.org/licenses/Apache-2.0"}
    assert crate.root["description"] == "Fits the Z peak.\n\nOf dimuon pairs."


def test_the_image_is_told_with_its_parts(crate: ReadCrate) -> None:
    (image,) = crate.of_type("ContainerImage")

    assert image["identifier"] == "vre-portal/physics:2026.11"
    assert (image["name"], image["tag"]) == ("vre-portal/physics", "2026.11")


def test_the_analysis_has_its_own_citation_file(alice: User, owned: Analysis) -> None:
    held = unpacked(sent(alice, owned)).files["CITATION.cff"]

    assert held == ANALYSIS["CITATION.cff"]


def test_without_one_a_citation_file_is_written(alice: User, owned: Analysis) -> None:
    owned.newest.files.filter(path="CITATION.cff").delete()

    told = yaml.safe_load(unpacked(sent(alice, owned)).files["CITATION.cff"])

    assert told["title"] == "Z peak"
    assert told["authors"][0]["family-names"] == "Lovelace"


def test_the_same_version_gives_the_same_bytes(alice: User, owned: Analysis) -> None:
    assert sent(alice, owned) == sent(alice, owned)


def test_a_reproduction_is_told_with_its_signed_verdict(
    alice: User, bob: User, owned: Analysis, tmp_path: Path
) -> None:
    publishing.publish(alice, owned.slug)
    reproduced(bob, owned)

    crate, verdict = unpacked(sent(alice, owned)), verdict_of(owned)

    place = f"verdicts/{verdict.pk}"
    action = crate.graph[f"#reproduction-{verdict.pk}"]
    assert action["startTime"] <= action["endTime"]
    assert action["result"] == {"@id": "results/fit.json"}
    assert crate.files[f"{place}/statement.json"] == verdict.statement.encode()
    assert openssl_verifies(crate, place, tmp_path)


def openssl_verifies(crate: ReadCrate, place: str, folder: Path) -> bool:
    key = next(path for path in crate.files if path.endswith(".pem"))
    for name in (key, f"{place}/statement.json", f"{place}/statement.sig"):
        (folder / Path(name).name).write_bytes(crate.files[name])
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", Path(key).name, "-rawin",
         "-in", "statement.json", "-sigfile", "statement.sig"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def test_of_a_reproduction_by_somebody_else_nobody_is_named(
    alice: User, bob: User, owned: Analysis
) -> None:
    publishing.publish(alice, owned.slug)
    reproduced(bob, owned)

    crate = unpacked(sent(bob, owned))

    text = json.dumps(crate.graph)
    assert "agent" not in crate.graph[f"#reproduction-{verdict_of(owned).pk}"]
    for told in (bob.handle, bob.display_name, bob.email):
        assert not told or told not in text


def test_an_owner_is_named_as_agent_by_the_orcid_of_the_author(
    alice: User, owned: Analysis
) -> None:
    User.objects.filter(pk=alice.pk).update(display_name="Ada Lovelace")
    reproduced(alice, owned)

    crate = unpacked(sent(alice, owned))

    action = crate.graph[f"#reproduction-{verdict_of(owned).pk}"]
    assert action["agent"] == {"@id": "https://orcid.org/0000-0002-1825-0097"}


def test_an_owner_who_is_no_author_is_not_named(alice: User, owned: Analysis) -> None:
    reproduced(alice, owned)

    crate = unpacked(sent(alice, owned))

    assert "agent" not in crate.graph[f"#reproduction-{verdict_of(owned).pk}"]


def test_a_large_output_comes_from_its_file_in_pieces(
    alice: User, owned: Analysis, tmp_path: Path
) -> None:
    output = make_large(owned, tmp_path, keep=True)

    package = crates.package(alice, owned.slug)
    largest = max(len(piece) for piece in crates.pieces(package))

    assert unpacked(sent(alice, owned)).files[output.path] == LARGE
    assert largest < 1 << 20


def test_an_output_that_is_known_by_its_checksum_alone_is_told_so(
    alice: User, owned: Analysis, tmp_path: Path
) -> None:
    output = make_large(owned, tmp_path, keep=False)

    crate = unpacked(sent(alice, owned))

    entity = crate.graph["#absent-results%2Ffit.json"]
    assert output.path not in crate.files
    assert entity["sha256"] == output.sha256
    assert {"@id": entity["@id"]} not in crate.root["hasPart"]


def make_large(analysis: Analysis, folder: Path, *, keep: bool) -> RecordedOutput:
    output = analysis.newest.outputs.get(path="results/fit.json")
    output.content, output.size = b"", len(LARGE)
    output.sha256 = sha256(LARGE).hexdigest()
    output.save()
    if keep:
        (folder / "large").write_bytes(LARGE)
        recorded_files.keep(folder / "large", output.sha256, output.size)
    return output


def test_a_damaged_file_ends_the_zip_in_its_middle(
    alice: User, owned: Analysis, tmp_path: Path
) -> None:
    output = make_large(owned, tmp_path, keep=True)
    path = recorded_files.find(output.sha256, output.size)
    assert path is not None
    path.write_bytes(b"x" * output.size)

    with pytest.raises(crates.Damaged, match=r"results/fit\.json"):
        list(crates.pieces(crates.package(alice, owned.slug)))


def test_files_of_the_analysis_keep_their_names_beside_ours(alice: User, owned: Analysis) -> None:
    content = b"mine"
    owned.newest.files.create(
        path="verdicts/mine.txt", content=content, sha256=sha256(content).hexdigest()
    )
    reproduced(alice, owned)

    files = unpacked(sent(alice, owned)).files

    assert files["verdicts/mine.txt"] == content
    assert any(path.startswith("verdicts-/") for path in files)


def test_what_is_not_published_has_no_crate_for_others(bob: User, owned: Analysis) -> None:
    with pytest.raises(NotFound):
        crates.package(bob, owned.slug)


def test_a_version_that_others_do_not_see_has_no_crate_for_them(
    alice: User, bob: User, owned: Analysis
) -> None:
    publishing.publish(alice, owned.slug)
    hidden = owned.versions.create(number=2, specification="{}")

    with pytest.raises(NotFound):
        crates.package(bob, owned.slug, str(hidden.number))
    assert crates.package(alice, owned.slug, "2").name == f"{owned.slug}-2.crate"


def test_proofs_are_no_reproductions(alice: User, owned: Analysis) -> None:
    assert SignedVerdict.objects.filter(version=owned.newest).exists()

    crate = unpacked(sent(alice, owned))

    assert [each["@id"] for each in crate.of_type("CreateAction")] == ["#recorded-run"]
