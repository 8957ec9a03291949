"""A workflow and a data service in memory, a small analysis, and the worker's turn by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends import get_backend as get_data_backend
from reproducibility import services
from reproducibility.backends import get_backend
from reproducibility.models import Analysis, Run
from tests.factories import lend, make_identity
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.models import Operation, OperationState

SPECIFICATION = """
version: 0.9.0
inputs:
  files: [code/fit.py]
  directories: [data]
  parameters: {bins: 60, low: 60.0, label: mass, quick: false}
workflow:
  type: serial
  specification:
    steps:
      - {name: select, environment: "vre-portal/physics:2026.11", commands: [python code/select.py]}
      - {name: fit, environment: "vre-portal/physics:2026.11", commands: [python code/fit.py]}
outputs:
  files: [results/fit.json, results/mass.png]
"""
RECORDED = {
    "results/fit.json": b'{\n "mass": 91.19,\n "width": 2.5\n}\n',
    "results/mass.png": b"\x89PNG\r\n\x1a\n\0\0 picture",
}
MOST_TURNS = 60


@pytest.fixture
def analysis_folder(tmp_path: Path) -> Path:
    """An analysis as its authors hand it in."""
    return write_analysis(tmp_path / "dimuon")


def write_analysis(folder: Path, **changes: Any) -> Path:
    """Write a folder with a manifest (some of it changed), code, and recorded outputs."""
    manifest = {
        "slug": "dimuon",
        "title": "Dimuon spectrum",
        "summary": "Selects muon pairs and fits the Z peak.",
        "authors": ["A. Physicist"],
        "licence": "Apache-2.0",
        "inputs": [{"did": "cms:dimuon", "path": "data/"}],
        "outputs": [
            {"path": path, "sha256": sha256(content).hexdigest(), "size": len(content)}
            for path, content in RECORDED.items()
        ],
        "environment": {"recorded": "vre-portal/physics:2026.11"},
        **changes,
    }
    (folder / "code").mkdir(parents=True, exist_ok=True)
    (folder / "code" / "fit.py").write_text("print('fit')\n")
    (folder / "reana.yaml").write_text(SPECIFICATION)
    (folder / "analysis.json").write_text(json.dumps(manifest))
    for path, content in RECORDED.items():
        where = folder / "recorded" / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(content)
    return folder


@pytest.fixture
def data_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeDataBackend]:
    """A data service with the analysis's dataset of two files."""
    monkeypatch.setenv("VRE_DATA_BACKEND", "tests.fakes.data.FakeDataBackend")
    monkeypatch.setenv("VRE_WORK_FOLDER", str(tmp_path / "work"))
    get_config.cache_clear()
    get_data_backend.cache_clear()
    fake = get_data_backend()
    assert isinstance(fake, FakeDataBackend)
    files = [fake.add_file(f"cms:muons_{n}.root", b"muon" * n, ["CERN-DISK"]) for n in (1, 2)]
    fake.add_dataset("cms:dimuon", *files)
    yield fake
    monkeypatch.undo()
    get_config.cache_clear()
    get_data_backend.cache_clear()


@pytest.fixture
def workflow_backend(
    monkeypatch: pytest.MonkeyPatch, data_backend: FakeDataBackend
) -> Iterator[FakeWorkflows]:
    """A workflow service where runs give just what was recorded."""
    monkeypatch.setenv("VRE_WORKFLOWS_BACKEND", "tests.fakes.workflows.FakeWorkflows")
    get_config.cache_clear()
    get_backend.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeWorkflows)
    fake.gives(RECORDED)
    yield fake
    get_backend.cache_clear()


def give_tokens(user: User) -> User:
    """Return the user, with good tokens for both services."""
    identity = make_identity(user, issuer="https://escape.test/", subject=f"sub-{user.handle}")
    for audience in ("rucio", "reana"):
        lend(identity, audience, f"{audience}-token-of-{user.handle}")
    return user


@pytest.fixture
def alice(alice: User, workflow_backend: FakeWorkflows) -> User:
    """Alice with tokens."""
    return give_tokens(alice)


@pytest.fixture
def bob(bob: User, workflow_backend: FakeWorkflows) -> User:
    """Bob with tokens."""
    return give_tokens(bob)


@pytest.fixture
def analysis(db: None, analysis_folder: Path) -> Analysis:
    """The published analysis."""
    return services.import_folder(analysis_folder)


@pytest.fixture
def run(alice: User, analysis: Analysis) -> Run:
    """A run of Alice's that no worker has touched."""
    return services.start_run(alice, analysis)


def work(run: Run, turns: int = 1) -> Run:
    """Give the worker so many turns, whatever the clock says, and return the run as it is then."""
    for _ in range(turns):
        due(run)
        operations.advance(operation_of(run).pk)
    run.refresh_from_db()
    return run


def finish(run: Run) -> Run:
    """Give the worker turns until the operation has ended."""
    for _ in range(MOST_TURNS):
        if operation_of(run).state != OperationState.WAITING:
            break
        work(run)
    run.refresh_from_db()
    return run


def operation_of(run: Run) -> Operation:
    """Return the operation that drives a run."""
    return Operation.objects.get(subject=run.pk)


def due(run: Run) -> None:
    """Let the operation be due, its last look be old, and the lease of a dead worker be over."""
    cache.delete(f"runs-seen:{run.user_id}")
    past = timezone.now() - timedelta(seconds=1)
    rows = Operation.objects.filter(subject=run.pk)
    rows.update(due_at=past)
    rows.exclude(lease=None).update(lease_until=past)
