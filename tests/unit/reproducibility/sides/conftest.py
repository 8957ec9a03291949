"""Two runs whose outputs differ, and a large output that only the service has."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest

from accounts.models import User
from reproducibility import services
from reproducibility.models import KEPT, Analysis, Run, RunOutput
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish
from tests.unit.reproducibility.sides.turns import FIT, OTHER_FIT
from vre_portal.config import get_config


@pytest.fixture
def first(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run that gave what was recorded."""
    workflow_backend.runs_by_itself = True
    return finish(run)


@pytest.fixture
def second(first: Run, alice: User, analysis: Analysis, workflow_backend: FakeWorkflows) -> Run:
    """A run with one other output."""
    workflow_backend.gives({**RECORDED, FIT: OTHER_FIT})
    return finish(services.start_run(alice, analysis, parameters={"bins": 30}))


@pytest.fixture
def large(
    second: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> Iterator[bytes]:
    """An output of the second run that is too large to be kept here, as the service has it."""
    content = b'{"mass": [91.2' + b", 1.5" * (KEPT // 5) + b"]}"
    RunOutput.objects.filter(run=second, path=FIT).update(
        content=b"", size=len(content), sha256=sha256(content).hexdigest()
    )
    workflow_backend.workflows[second.workflow_id].files[FIT] = content
    yield content
    get_config.cache_clear()
