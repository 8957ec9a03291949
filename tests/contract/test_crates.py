"""Crates of the demo's analyses pass the community's validator, and `runcrate` reads them."""

from __future__ import annotations

import json
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from demo.stack import REPOSITORY
from reproducibility import services
from reproducibility.models import Analysis, AnalysisVersion, Run, RunState
from reproducibility.services import crates, signing
from tests.contract.crate_tools import CrateTools
from tests.contract.reana_clients import token_of
from tests.contract.runner import Person
from tests.signin import running_stack
from vre_portal.config import get_config

FOLDER = REPOSITORY / "demo" / "analyses"
SEEDED = ("dimuon-spectrum", "m13-sources", "signal-and-background")
METADATA = "ro-crate-metadata.json"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> CrateTools:
    return CrateTools(running_stack(), tmp_path_factory.mktemp("tools"))


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VRE_RECORDED_FOLDER", str(tmp_path / "recorded"))
    get_config.cache_clear()


@pytest.fixture(params=SEEDED)
def analysis(request: pytest.FixtureRequest, db: None) -> Analysis:
    """An analysis as the demo seeds it."""
    return services.import_folder(FOLDER / request.param)


def sent(user: User, analysis: Analysis) -> bytes:
    """Return the ZIP of an analysis's crate."""
    return b"".join(crates.pieces(crates.package(user, analysis.slug)))


def unpacked(user: User, analysis: Analysis, folder: Path) -> Path:
    """Return the folder with the crate of an analysis."""
    with zipfile.ZipFile(BytesIO(sent(user, analysis))) as opened:
        opened.extractall(folder)
    return folder


def reproduced(user: User, analysis: Analysis) -> None:
    """Have a reproduction end with a signed verdict."""
    version = analysis.newest
    run = Run.objects.create(
        analysis=analysis, version=version, user=user, number=1, state=RunState.FINISHED,
        finished_at=timezone.now(), environment={"recorded": version.environment},
        inputs=[_input(str(each)) for each in version.inputs.all()], verdict=_verdict(version),
    )  # fmt: skip
    assert signing.sign(run) is not None


def _input(did: str) -> Mapping[str, Any]:
    return {"did": f"{did}.root", "dataset": did, "bytes": 9, "adler32": "0a1b2c3d"}


def _verdict(version: AnalysisVersion) -> Mapping[str, Any]:
    outputs = [
        {"path": path, "level": "bit-identical", "sha256": checksum, "expected_sha256": checksum}
        for path, checksum in version.outputs.values_list("path", "sha256")
    ]
    return {
        "level": "bit-identical", "environment": "substituted", "inputs": "verified",
        "outputs": outputs,
    }  # fmt: skip


def test_no_required_check_fails(
    tools: CrateTools, alice: User, analysis: Analysis, tmp_path: Path
) -> None:
    crate = unpacked(alice, analysis, tmp_path / "crate")

    assert tools.faults(crate) == []


def test_with_a_signed_verdict_none_fails_either(
    tools: CrateTools, alice: User, analysis: Analysis, tmp_path: Path
) -> None:
    reproduced(alice, analysis)

    crate = unpacked(alice, analysis, tmp_path / "crate")

    assert tools.faults(crate) == []


def test_runcrate_tells_what_went_in_and_out_and_when(
    tools: CrateTools, alice: User, analysis: Analysis, tmp_path: Path
) -> None:
    reproduced(alice, analysis)

    told = tools.report(unpacked(alice, analysis, tmp_path / "crate"))

    assert "action: #recorded-run" in told
    assert "action: #reproduction-" in told
    assert "instrument: reana.yaml" in told
    assert "started: " in told
    for name in services.parameters_of(analysis.newest):
        assert f" <- #parameter-{name}\n" in told
    for path in analysis.newest.outputs.values_list("path", flat=True):
        assert f"{path} <- #output-" in told


@pytest.mark.parametrize("name", ["mainEntity", "license", "conformsTo"])
def test_the_validator_says_so_where_something_required_is_missing(
    tools: CrateTools, alice: User, db: None, tmp_path: Path, name: str
) -> None:
    analysis = services.import_folder(FOLDER / SEEDED[0])
    crate = unpacked(alice, analysis, tmp_path / "crate")
    told = json.loads((crate / METADATA).read_text())
    root = next(each for each in told["@graph"] if each["@id"] == "./")
    del root[name]
    (crate / METADATA).write_text(json.dumps(told))

    assert tools.faults(crate)


def test_the_validator_misses_a_file_that_is_not_there(
    tools: CrateTools, alice: User, db: None, tmp_path: Path
) -> None:
    analysis = services.import_folder(FOLDER / SEEDED[0])
    crate = unpacked(alice, analysis, tmp_path / "crate")
    shutil.rmtree(crate / "code")

    assert any("code/" in fault for fault in tools.faults(crate))


def test_reana_takes_a_crate_as_the_bundle_of_a_workflow(alice: User, db: None) -> None:
    analysis = services.import_folder(FOLDER / "signal-and-background")
    person = Person(running_stack().url("reana").rstrip("/"), token_of("researcher"))
    name = f"crate-{secrets.token_hex(4)}"
    files = {"bundle": ("analysis.crate.zip", sent(alice, analysis))}

    made = person.call("POST", "/workflows", params={"workflow_name": name}, files=files)
    assert made.status_code == 201, made.text
    person.ask("POST", f"/workflows/{name}/start", json={})

    assert person.finish(name) == "finished"
