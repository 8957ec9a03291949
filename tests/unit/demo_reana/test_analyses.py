"""The seeded analyses are whole: valid, and recorded with the checksums that they state."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.reana.errors import Malformed
from demo.reana.specification import check_specification
from demo.stack import REPOSITORY

ANALYSES = sorted((REPOSITORY / "demo" / "analyses").glob("*/analysis.json"))


def loaded(manifest: Path) -> dict[str, Any]:
    specification: dict[str, Any] = yaml.safe_load((manifest.parent / "reana.yaml").read_text())
    return specification


@pytest.fixture(params=ANALYSES, ids=lambda path: path.parent.name)
def manifest(request: pytest.FixtureRequest) -> Path:
    """The manifest of each analysis."""
    path: Path = request.param
    return path


def test_there_are_three_analyses() -> None:
    names = ["dimuon-spectrum", "m13-sources", "signal-and-background"]
    assert [path.parent.name for path in ANALYSES] == names


def test_its_specification_is_one_that_the_runner_takes(manifest: Path) -> None:
    specification = check_specification(loaded(manifest))

    assert specification["workflow"]["type"] == "serial"


def test_its_input_files_are_there(manifest: Path) -> None:
    files = loaded(manifest)["inputs"]["files"]

    assert files
    assert all((manifest.parent / file).is_file() for file in files)


def test_its_recorded_outputs_have_the_stated_checksums(manifest: Path) -> None:
    stated = json.loads(manifest.read_text())["outputs"]

    for output in stated:
        content = (manifest.parent / "recorded" / output["path"]).read_bytes()
        assert len(content) == output["size"]
        assert hashlib.sha256(content).hexdigest() == output["sha256"]
    assert [one["path"] for one in stated] == loaded(manifest)["outputs"]["files"]


def test_its_images_are_the_one_that_the_manifest_names(manifest: Path) -> None:
    recorded = json.loads(manifest.read_text())["environment"]["recorded"]
    steps = loaded(manifest)["workflow"]["specification"]["steps"]

    assert {step["environment"] for step in steps} == {recorded}


def test_a_workflow_of_an_unknown_engine_is_refused(manifest: Path) -> None:
    specification = loaded(manifest)
    specification["workflow"] = {"type": "make", "file": "Makefile"}

    with pytest.raises(Malformed, match="'make' is not one of"):
        check_specification(specification)


def test_a_step_without_commands_is_refused_with_its_place(manifest: Path) -> None:
    specification = loaded(manifest)
    del specification["workflow"]["specification"]["steps"][0]["commands"]

    with pytest.raises(Malformed, match="steps/0"):
        check_specification(specification)


def test_a_compute_backend_that_is_not_there_is_refused(manifest: Path) -> None:
    specification = loaded(manifest)
    specification["workflow"]["specification"]["steps"][0]["compute_backend"] = "slurmcern"

    with pytest.raises(Malformed, match="slurmcern"):
        check_specification(specification)
