"""A session, a Git server and archives to capture from, and the worker's turn by hand."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.models import Analysis, AnalysisVersion, Capture, Run, RunState
from reproducibility.services import proofs
from reproducibility.services.captures import incoming, saving, starting
from sessions import services as session_services
from sessions.backends import get_backend as get_hub
from sessions.backends.running import get_running
from sessions.models import Session, SessionState
from tests.fakes.hub import FakeHub
from tests.fakes.running import USED, FakeRunning
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish
from tests.unit.sessions.conftest import ENVIRONMENTS, launched, work
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.models import Operation

SCRIPT = b"""import json

calibration = json.load(open("data/calib.json"))
with open("results/fit.json", "w") as out:
    json.dump({"mass": 91.19 * calibration["scale"]}, out)
"""
SPECIFICATION = b"""version: 0.9.0
inputs:
  files:
    - fit.py
    - data/calib.json
workflow:
  type: serial
  specification:
    steps:
      - name: fit
        environment: vre-portal/physics:2026.11
        commands:
          - python fit.py
outputs:
  files:
    - results/fit.json
"""
FILES = {
    "reana.yaml": SPECIFICATION,
    "fit.py": SCRIPT,
    "data/calib.json": b'{"scale": 1.0}',
    "README.md": b"# Z peak\n\nFits the Z peak of dimuon pairs.\n",
    "CITATION.cff": b"""cff-version: 1.2.0
title: Z peak
authors:
  - given-names: Ada
    family-names: Lovelace
    orcid: https://orcid.org/0000-0002-1825-0097
license: Apache-2.0
""",
}
RESULT = b'{"mass": 91.19}'


@pytest.fixture
def running(
    workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeRunning]:
    """A hub in memory and what runs there, beside workflows and data."""
    (tmp_path / "environments.yaml").write_text(ENVIRONMENTS)
    monkeypatch.setenv("VRE_SESSIONS_BACKEND", "tests.fakes.hub.FakeHub")
    monkeypatch.setenv("VRE_RUNNING_BACKEND", "tests.fakes.running.FakeRunning")
    monkeypatch.setenv("VRE_ENVIRONMENTS_FILE", str(tmp_path / "environments.yaml"))
    monkeypatch.setenv("VRE_HUB_URL", "http://hub.test")
    monkeypatch.setenv("VRE_CAPTURE_IMAGES", '{"physics": "vre-portal/physics:2026.11"}')
    monkeypatch.delenv("VRE_SESSION_STORAGE", raising=False)
    for cached in (get_config, get_hub, get_running):
        cached.cache_clear()
    assert isinstance(get_hub(), FakeHub)
    fake = get_running()
    assert isinstance(fake, FakeRunning)
    yield fake
    for cached in (get_hub, get_running):
        cached.cache_clear()


@pytest.fixture
def session(alice: User, running: FakeRunning) -> Session:
    """A session of Alice's that runs, opened with a dataset, with an analysis in a folder."""
    session = launched(alice, "cms:dimuon")
    assert session.state == SessionState.READY, session.message
    put(running, session, {f"zpeak/{path}": content for path, content in FILES.items()})
    return session


@pytest.fixture
def hub(running: FakeRunning) -> FakeHub:
    """The hub at which the sessions run."""
    found = get_hub()
    assert isinstance(found, FakeHub)
    return found


@pytest.fixture
def stopped(running: FakeRunning, session: Session) -> Session:
    """A session of Alice's that has stopped; nothing will work in it when it starts again."""
    running.of(session.user.handle, session.server).usage = replace(USED, kernels=0)
    session_services.stop(session)
    work()
    session.refresh_from_db()
    assert session.state == SessionState.STOPPED
    return session


def put(running: FakeRunning, session: Session, files: Mapping[str, bytes]) -> None:
    """Put files with their folders into a session."""
    there = running.of(session.user.handle, session.server).files
    for path, content in files.items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            there.setdefault("/".join(parts[:depth]), None)
        there[path] = content


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP of files."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target.getvalue()


def handed_in(content: bytes, name: str = "analysis.zip") -> dict[str, str]:
    """Keep an archive as a form does, and return the wish that names it."""
    kept = incoming.Incoming()
    kept.add(content)
    return {"archive": kept.end(), "name": name}


def read(capture: Capture, turns: int = 1) -> Capture:
    """Give the worker turns at a capture, and return it as it is then."""
    for _ in range(turns):
        operation = Operation.objects.get(subject=capture.pk)
        Operation.objects.filter(pk=operation.pk).update(due_at=timezone.now())
        operations.advance(operation.pk)
    capture.refresh_from_db()
    return capture


def from_zip(user: User, files: Mapping[str, bytes]) -> Capture:
    """Return a capture of files that has been read."""
    return read(starting.start(user, "zip", handed_in(zipped(files))))


def saved(user: User, files: Mapping[str, bytes]) -> AnalysisVersion:
    """Return the version that files become when nothing is changed."""
    return saving.save(user, from_zip(user, files).pk).version


def proof_of(version: AnalysisVersion) -> Run:
    """Return the newest proof of a version."""
    return version.runs.order_by("-number")[0]


def prove(version: AnalysisVersion, workflow_backend: FakeWorkflows) -> AnalysisVersion:
    """Let the proof of a version run by itself to its end, and return the version as it is then."""
    workflow_backend.runs_by_itself = True
    run = finish(proof_of(version))
    concluded(run)
    version.refresh_from_db()
    return version


def concluded(run: Run) -> None:
    """Do what the end of a proof does for its version, also where it was done already."""
    assert not run.active, run.message
    if run.state == RunState.FINISHED:
        proofs.gather_outputs(run, credential_for(run.user, "reana"))
    proofs.ended(run)


@pytest.fixture
def proven(alice: User, workflow_backend: FakeWorkflows) -> Analysis:
    """An analysis of Alice's whose proof has passed."""
    workflow_backend.gives({"results/fit.json": RESULT})
    version = prove(saved(alice, FILES), workflow_backend)
    return Analysis.objects.get(pk=version.analysis_id)


def crate(**root: object) -> bytes:
    """Return the metadata of an RO-Crate."""
    graph = [
        {"@id": "./", "@type": "Dataset", **root},
        {"@id": "https://orcid.org/0000-0002-1825-0097", "@type": "Person", "name": "Ada Lovelace"},
    ]
    return json.dumps(
        {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    ).encode()
