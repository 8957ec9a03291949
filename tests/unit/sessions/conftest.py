"""A hub in memory, environments in a file, and the worker's turn by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends import get_backend as get_data_backend
from sessions import services
from sessions.backends import get_backend
from sessions.backends.running import get_running
from sessions.models import Session
from tests.factories import lend, make_identity
from tests.fakes.data import FakeDataBackend
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.models import Operation, OperationState

ENVIRONMENTS = """
capacity:
  accelerators: {nvidia.com/gpu: 4}
environments:
  - slug: physics
    title: Physics 2026.11
    description: JupyterLab for analysis.
    local: physics
    versions: {uproot: "5.7"}
    packages: [astropy]
    status: default
    options:
      memory_gb:
        title: Memory
        choices:
          "2": {title: 2 GB, default: true, memory_gb: 2}
          "4": {title: 4 GB, memory_gb: 4}
  - slug: light
    title: Light
    local: light
  - slug: gpu
    title: GPU
    kind: vscode
    local: gpu
    groups: [/escape/gpu]
    accelerator: {name: NVIDIA A100, kind: nvidia.com/gpu, count: 2}
"""
MOST_TURNS = 50


@pytest.fixture
def environments_file(tmp_path: Path) -> Path:
    """The site's environments."""
    file = tmp_path / "environments.yaml"
    file.write_text(ENVIRONMENTS)
    return file


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, environments_file: Path) -> Iterator[FakeHub]:
    """The adapter in use: a hub that knows nobody yet."""
    monkeypatch.setenv("VRE_SESSIONS_BACKEND", "tests.fakes.hub.FakeHub")
    monkeypatch.setenv("VRE_RUNNING_BACKEND", "tests.fakes.running.FakeRunning")
    monkeypatch.setenv("VRE_ENVIRONMENTS_FILE", str(environments_file))
    monkeypatch.setenv("VRE_HUB_URL", "http://hub.test")
    monkeypatch.delenv("VRE_SESSION_STORAGE", raising=False)
    get_config.cache_clear()
    get_backend.cache_clear()
    get_running.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeHub)
    yield fake
    monkeypatch.undo()
    get_config.cache_clear()
    get_backend.cache_clear()
    get_running.cache_clear()


@pytest.fixture
def running(hub: FakeHub) -> FakeRunning:
    """What runs at that hub."""
    fake = get_running()
    assert isinstance(fake, FakeRunning)
    return fake


@pytest.fixture
def data_backend(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDataBackend]:
    """The data service in use: one dataset, which is asked for its embargo."""
    monkeypatch.setenv("VRE_DATA_BACKEND", "tests.fakes.data.FakeDataBackend")
    get_config.cache_clear()
    get_data_backend.cache_clear()
    fake = get_data_backend()
    assert isinstance(fake, FakeDataBackend)
    fake.add_dataset("cms:dimuon")
    yield fake
    get_data_backend.cache_clear()


@pytest.fixture
def asks_rucio(alice: User, data_backend: FakeDataBackend) -> None:
    """Let Alice have a token for the data service."""
    lend(make_identity(alice, issuer="https://escape.test/", subject="alice"), "rucio", "token")


def work(turns: int = MOST_TURNS) -> None:
    """Give the worker turns until nothing is due, or so many."""
    for _ in range(turns):
        Operation.objects.update(due_at=timezone.now())
        waiting = Operation.objects.filter(state=OperationState.WAITING).order_by("created_at")
        operation = waiting.first()
        if operation is None:
            return
        operations.advance(operation.pk)


def launched(user: User, *datasets: str, environment: str = "physics") -> Session:
    """Return a session that the worker has brought as far as it gets."""
    session = services.launch(user, environment=environment, datasets=datasets)
    work()
    session.refresh_from_db()
    return session


@pytest.fixture
def session(running: FakeRunning, alice: User) -> Session:
    """A session of Alice's that runs."""
    return launched(alice)
