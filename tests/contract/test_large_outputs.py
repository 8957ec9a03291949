"""A ROOT file of 7 MB: the runner gives it, a proof records it, other runs are compared with it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from accounts.models import User
from reproducibility.backends import WorkflowState
from reproducibility.compare import Level, OutputVerdict
from reproducibility.models import KEPT, Analysis, AnalysisVersion, Kind, Run, RunState
from reproducibility.services import proofs, recorded_files, staging, verdicts
from reproducibility.services.fetching import unwatched
from tests.contract.workflow_parts import IMAGE, World, a_name, stop, worlds
from vre_portal.config import get_config

PATH = "results/events.root"
CODE = b"""import sys

import numpy
import uproot

mass = numpy.random.default_rng(7).normal(91.19, 2.5, 900_000)
mass[7] += float(sys.argv[2])
with uproot.recreate(sys.argv[3], compression=uproot.ZLIB(int(sys.argv[1]))) as file:
    file["events"] = {"mass": mass}
"""
COMMAND = f"mkdir -p results && python make.py ${{level}} ${{moved}} {PATH}"
SPECIFICATION = {
    "inputs": {"files": ["make.py"], "parameters": {"level": 1, "moved": 0.0}},
    "workflow": {
        "type": "serial",
        "specification": {"steps": [{"name": "make", "environment": IMAGE, "commands": [COMMAND]}]},
    },
    "outputs": {"files": [PATH]},
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """The demo's runner, and a work folder of the test's own."""
    monkeypatch.setenv("VRE_WORK_FOLDER", str(tmp_path))
    yield from worlds("real")


@pytest.fixture
def version(alice: User) -> AnalysisVersion:
    """A version that was saved and not proven yet."""
    analysis = Analysis.objects.create(slug="large", title="Large", summary="", owner=alice)
    version = analysis.versions.create(
        number=1, specification=json.dumps(SPECIFICATION), content_sha256="00"
    )
    Analysis.objects.filter(pk=analysis.pk).update(current=version)
    return version


@contextmanager
def run_of(
    world: World, version: AnalysisVersion, kind: Kind, **parameters: float
) -> Iterator[Run]:
    """Yield a run that has ended at the runner, and leave nothing behind there."""
    workflow = world.backend.create(world.who, a_name(), SPECIFICATION)
    world.backend.upload(world.who, workflow.id, "make.py", io.BytesIO(CODE))
    world.backend.start(world.who, workflow.id, parameters)
    try:
        world.until(workflow, WorkflowState.FINISHED)
        owner = version.analysis.owner
        assert owner is not None
        run = version.analysis.runs.create(
            user=owner, version=version, number=version.analysis.runs.count() + 1, kind=kind,
            workflow_id=workflow.id, state=RunState.FINISHED, parameters=parameters,
        )  # fmt: skip
        staging.work_folder(run).mkdir(parents=True)
        yield run
    finally:
        stop(world, workflow)
        world.backend.delete(world.who, workflow.id, workspace=True)


def compared(world: World, version: AnalysisVersion, **parameters: float) -> OutputVerdict:
    with run_of(world, version, Kind.REPRODUCTION, **parameters) as run:
        (output,) = verdicts.verdict_of(run, world.who, unwatched).outputs
    return output


@pytest.mark.django_db
def test_a_large_root_file_is_recorded_and_compared_by_its_numbers(
    world: World, version: AnalysisVersion
) -> None:
    with run_of(world, version, Kind.PROOF) as proof:
        proofs.gather_outputs(proof, world.who)
        proofs.ended(proof)
    recorded = version.outputs.get()
    version.outputs.update(tolerance={"rtol": 1e-6})

    same = compared(world, version, level=1)
    packed = compared(world, version, level=9)
    moved = compared(world, version, level=1, moved=1e-5)
    far = compared(world, version, level=1, moved=1.0)

    assert recorded.size > KEPT
    assert bytes(recorded.content) == b""
    assert recorded_files.find(recorded.sha256, recorded.size) is not None
    assert get_config().work_folder in recorded_files.folder().parents
    # A ROOT file tells when it was written, so that no two are the same bit for bit.
    assert [each.level for each in (same, packed, moved, far)] == [
        Level.CONTENT_IDENTICAL, Level.CONTENT_IDENTICAL, Level.NUMERICALLY_EQUAL, Level.DIFFERENT,
    ]  # fmt: skip
    assert moved.comparison is not None
    assert moved.comparison.differing == 1
    assert "events/mass[7]" in far.detail
