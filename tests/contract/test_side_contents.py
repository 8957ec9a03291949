"""Two runs of a real runner, each with a ROOT file of 7 MB, are compared by their contents."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from accounts.models import User
from reproducibility.backends import WorkflowState, get_backend
from reproducibility.models import KEPT, Analysis, ComparisonState, Run, RunState
from tests.contract.workflow_parts import IMAGE, World, a_name, stop, worlds
from tests.factories import lend, make_identity
from tests.unit.reproducibility.sides.turns import ask, look, work
from vre_portal.config import get_config

PATH = "results/events.root"
CODE = b"""import sys

import numpy
import uproot

mass = numpy.random.default_rng(7).normal(91.19, 2.5, 900_000)
mass[7] += float(sys.argv[1])
with uproot.recreate(sys.argv[2], compression=uproot.ZLIB(1)) as file:
    file["events"] = {"mass": mass}
    file["peak"] = numpy.histogram(mass[:1000], 20, (80, 100))
"""
COMMAND = f"mkdir -p results && python make.py ${{moved}} {PATH}"
SPECIFICATION = {
    "inputs": {"files": ["make.py"], "parameters": {"moved": 0.0}},
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
    get_backend.cache_clear()
    yield from worlds("real")
    get_backend.cache_clear()


@pytest.fixture
def analysis(alice: User, world: World) -> Analysis:
    """An analysis of Alice's, who has the real token of a person at the runner."""
    lend(make_identity(alice, issuer="https://escape.test/", subject="a"), "reana", world.who.token)
    made = Analysis.objects.create(slug="two", title="Two", summary="", owner=alice)
    made.current = made.versions.create(
        number=1, specification=json.dumps(SPECIFICATION), content_sha256="00"
    )
    made.save()
    return made


@contextmanager
def run_of(world: World, analysis: Analysis, number: int, **parameters: float) -> Iterator[Run]:
    """Yield a run that has ended at the runner, with its output known by the checksum alone."""
    owner = analysis.owner
    assert owner is not None
    workflow = world.backend.create(world.who, a_name(), SPECIFICATION)
    world.backend.upload(world.who, workflow.id, "make.py", io.BytesIO(CODE))
    world.backend.start(world.who, workflow.id, parameters)
    try:
        world.until(workflow, WorkflowState.FINISHED)
        run = Run.objects.create(
            user=owner, analysis=analysis, version=analysis.newest, number=number,
            workflow_id=workflow.id, state=RunState.FINISHED, parameters=parameters,
        )  # fmt: skip
        given = b"".join(world.backend.download(world.who, workflow.id, PATH))
        checksum = sha256(given).hexdigest()
        run.outputs.create(path=PATH, content=b"", sha256=checksum, size=len(given))
        yield run
    finally:
        stop(world, workflow)
        world.backend.delete(world.who, workflow.id, workspace=True)


@pytest.mark.django_db
def test_large_outputs_of_two_runs_are_compared_and_drawn(
    world: World, alice: User, analysis: Analysis
) -> None:
    with (
        run_of(world, analysis, 1) as first,
        run_of(world, analysis, 2, moved=1.0) as second,
    ):
        made = work(ask(alice, second.pk, first.pk).job)
        contents = look(alice, second.pk, first.pk)

    assert (made.state, contents.problems) == (ComparisonState.DONE, {})
    assert first.outputs.get().size > KEPT
    told = contents.outcomes[PATH]
    assert told["level"] == "different"
    assert told["comparison"]["largest_absolute"]["absolute"] >= 1
    places = {each["where"] for each in told["comparison"]["differences"]}
    assert "events/mass[7]" in places
    assert "histogram" in {figure["kind"] for figure in told["comparison"]["figures"]}
    assert not (get_config().work_folder / made.pk.hex).exists()


@pytest.mark.django_db
def test_a_workspace_that_was_deleted_at_the_runner_is_told(
    world: World, alice: User, analysis: Analysis
) -> None:
    with run_of(world, analysis, 1) as first, run_of(world, analysis, 2, moved=1.0) as second:
        world.backend.delete(world.who, second.workflow_id, workspace=True)
        work(ask(alice, second.pk, first.pk).job)
        contents = look(alice, second.pk, first.pk)

    assert contents.problems[PATH].startswith("Run 2: Its file is not at the workflow service")
    assert contents.can_start
