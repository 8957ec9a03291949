"""Crates of other makers and profiles: taken in as far as they go, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from reproducibility.capture.values import Author
from reproducibility.services.captures import crates, foreign_crates
from tests.unit.reproducibility.capturing.conftest import SCRIPT, SPECIFICATION
from tests.unit.reproducibility.crate.making import (
    METADATA,
    document,
    entity,
    found,
    gathered,
    graph,
    ref,
    workflow,
)
from vre_portal.errors import InvalidRequest

RUN = "https://w3id.org/ro/wfrun"
WORKFLOW_HUB = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"


@pytest.mark.parametrize(
    ("conforms", "profile"),
    [
        ((), "RO-Crate 1.1"),
        ((f"{RUN}/process/0.5",), "Process Run Crate 0.5"),
        ((f"{RUN}/process/0.1", f"{RUN}/workflow/0.1", WORKFLOW_HUB), "Workflow Run Crate 0.1"),
        ((WORKFLOW_HUB, f"{RUN}/provenance/0.5"), "Provenance Run Crate 0.5"),
        ((WORKFLOW_HUB,), "Workflow RO-Crate 1.0"),
        (("https://w3id.org/5s-crate/0.4",), "Five Safes RO-Crate 0.4"),
        (("#ours",), "Telescope crate 3"),
        (("https://profiles.test/x",), "https://profiles.test/x"),
    ],
)  # fmt: skip
def test_the_profile_that_says_most_is_named(
    tmp_path: Path, conforms: tuple[str, ...], profile: str
) -> None:
    own = entity("#ours", "Profile", name="Telescope crate", version="3")

    _found, notes = found(tmp_path, document(graph(own, conformsTo=ref(*conforms))))

    assert notes == [
        f"The crate is a {profile} and names no workflow. What runs is proposed from the files: "
        "check the steps."
    ]


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("workflows/sort.ga", "Galaxy"),  # Galaxy's export, WorkflowHub
        ("main.nf", "Nextflow"),  # nf-prov
        ("conf/metadata/experiment_data.yml", "Autosubmit"),
        ("pipeline.wdl", "Workflow Description Language"),
        ("application.py.xml", "COMPSs Programming Model"),
    ],
)
def test_a_workflow_of_a_language_that_is_not_run_here_says_so(
    tmp_path: Path, path: str, language: str
) -> None:
    told = workflow(path, language, conformsTo=ref(WORKFLOW_HUB))

    taken, notes = found(tmp_path, document(told), {path: b"{}", "fit.py": SCRIPT})

    assert taken.entry == ""
    assert notes[0].startswith(
        f"The crate is a Workflow RO-Crate 1.0; its workflow is {path}, written in {language}, "
        "which is not run here."
    )


@pytest.mark.parametrize(
    ("path", "language", "engine"),
    [
        ("packed.cwl", "Common Workflow Language", "cwl"),  # cwltool, runcrate
        ("packed.cwl", "CWL", "cwl"),  # sapporo
        ("workflow/Snakefile", "Snakemake", "snakemake"),
        ("flow.yml", "Yadage", "yadage"),
    ],
)
def test_a_workflow_that_reana_runs_says_what_to_write(
    tmp_path: Path, path: str, language: str, engine: str
) -> None:
    told = workflow(path, language, conformsTo=ref(f"{RUN}/provenance/0.5"))

    _found, notes = found(tmp_path, document(told), {path: b"cwlVersion: v1.2"})

    assert f"write workflow.type {engine} and workflow.file {path}" in notes[0]


def test_a_script_that_a_crate_is_about_is_what_runs(tmp_path: Path) -> None:
    files = {"first.py": SCRIPT, "src/my fit.py": SCRIPT}

    taken, notes = found(tmp_path, document(workflow("./src/my%20fit.py", "Python")), files)

    assert taken.entry == "src/my fit.py"
    assert notes == []


def test_a_reana_yaml_of_another_maker_needs_no_word(tmp_path: Path) -> None:
    files = {"reana.yaml": SPECIFICATION, "fit.py": SCRIPT}

    _found, notes = found(tmp_path, document(workflow("reana.yaml", "REANA")), files)

    assert notes == []


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.2-DRAFT"])
def test_each_version_of_the_specification_is_read(tmp_path: Path, version: str) -> None:
    taken, notes = found(tmp_path, document(graph(version=version, name="Masses")))

    assert taken.title == "Masses"
    assert f"RO-Crate {version[:3]}" in notes[0]


def test_the_older_name_of_the_metadata_is_known(tmp_path: Path) -> None:
    told = graph(name="Older", version="1.0")
    told[0] = {**told[0], "@id": "ro-crate-metadata.jsonld"}
    gathering = gathered(tmp_path, {"ro-crate-metadata.jsonld": document(told), "fit.py": SCRIPT})

    crate = crates.described(gathering.files)

    assert crate is not None
    assert crate.title == "Older"


def test_ids_may_be_addresses_as_from_1_2_on(tmp_path: Path) -> None:
    root, about = "https://data.test/crate/", "https://data.test/crate/ro-crate-metadata.json"
    told = [
        entity(about, "CreativeWork", about={"@id": root}),
        entity(root, "Dataset", name="By address", author="Ada Lovelace"),
    ]

    taken, _notes = found(tmp_path, document(told))

    assert taken.title == "By address"
    assert taken.authors == (Author("Ada Lovelace"),)


def test_a_detached_crate_is_refused_and_says_what_is_needed(tmp_path: Path) -> None:
    part = "https://data.test/masses.csv"
    told = graph(entity(part, "File"), version="1.2", hasPart=ref(part))

    with pytest.raises(InvalidRequest) as refused:
        found(tmp_path, document(told), {"ro-crate-preview.html": b"<p>"})

    assert refused.value.message == (
        "This RO-Crate 1.2 holds no files, only what is told of them. Download the files that it "
        "names, and hand them in as one ZIP with it."
    )


def test_files_that_are_not_there_are_counted_and_one_is_named(tmp_path: Path) -> None:
    parts = ("https://data.test/masses.csv", "lost.csv", "fit.py")
    told = graph(*(entity(part, "File") for part in parts), hasPart=ref(*parts))

    _found, notes = found(tmp_path, document(told))

    assert notes[1].startswith(
        "The crate names 2 files that it does not hold, such as https://data.test/masses.csv."
    )


def test_an_eln_file_is_a_crate_in_a_folder(tmp_path: Path) -> None:
    step = "./Z peak, 2026-11-27/"
    told = graph(
        entity(step, "Dataset", name="Z peak", hasPart=ref(f"{step}fit.py")),
        entity(f"{step}fit.py", "File"),
        entity("https://eln.test", "Organization", name="eLabFTW"),
        name="Export", sdPublisher=ref("https://eln.test"), hasPart=ref(step),
    )  # fmt: skip
    files = {f"export/{METADATA}": document(told), f"export/{step[2:]}fit.py": SCRIPT}
    gathering = gathered(tmp_path, files)

    crate = crates.described(gathering.files)

    assert crate is not None
    taken = crates.found_in(crate, gathering)
    assert [file.path for file in taken.files] == [METADATA, "Z peak, 2026-11-27/fit.py"]
    assert taken.title == "Export"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("bagit.txt", f"data/{METADATA}", "data/fit.py"), "a ZIP of its folder data alone"),
        (("bagit.txt", "metadata/manifest.json", "workflow/packed.cwl"), "runcrate convert"),
        (("fit.py",), "has no ro-crate-metadata.json, so that it is no RO-Crate"),
        (("z-peak-ro-crate-metadata.json",), "tells of a detached RO-Crate"),
    ],
)
def test_what_is_no_crate_is_told_how_it_becomes_one(
    tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    gathering = gathered(tmp_path, dict.fromkeys(files, b"x"))

    assert crates.described(gathering.files) is None
    assert words in foreign_crates.why_none(gathering)


def test_people_are_named_as_makers_name_them(tmp_path: Path) -> None:
    told = graph(
        entity("#a", "Person", givenName="Ada", familyName="Lovelace"),
        entity("https://orcid.org/0000-0002-1825-0097", "Person", name=["Josiah Carberry"]),
        creator=ref("#a", "https://orcid.org/0000-0002-1825-0097", "#nobody"),
        name={"@value": "Massen", "@language": "de"},
    )  # fmt: skip

    taken, _notes = found(tmp_path, document(told))

    assert taken.title == "Massen"
    assert taken.authors == (
        Author("Ada Lovelace"), Author("Josiah Carberry", "0000-0002-1825-0097"),
    )  # fmt: skip
