"""A run of Alice's that has ended, and what is in its workspace."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

import pytest
import yaml
from django.utils import timezone

from accounts.credentials import credential_for
from data_mgmt.models_uploads import Upload
from reproducibility.backends import AUDIENCE, WorkflowState, get_backend
from reproducibility.models import Run, RunState
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflow_state import FakeWorkflow
from tests.unit.reproducibility.conftest import RECORDED, SPECIFICATION
from tests.unit.reproducibility.files.workspaces import FakeWorkspaces
from vre_portal.config import get_config

TABLE = b"x,y\n" + b"".join(b"%d,%d\n" % (n, n * n % 17) for n in range(2000))
INPUT = "data/muons_1.root"


@pytest.fixture
def workflow_backend(
    monkeypatch: pytest.MonkeyPatch, data_backend: FakeDataBackend
) -> Iterator[FakeWorkspaces]:
    """A workflow service where files are read by ranges."""
    name = "tests.unit.reproducibility.files.workspaces.FakeWorkspaces"
    monkeypatch.setenv("VRE_WORKFLOWS_BACKEND", name)
    get_config.cache_clear()
    get_backend.cache_clear()
    fake = get_backend()
    assert isinstance(fake, FakeWorkspaces)
    yield fake
    get_backend.cache_clear()


@pytest.fixture
def there(run: Run, workflow_backend: FakeWorkspaces) -> FakeWorkflow:
    """The run's workflow at the service, with all its files."""
    who = credential_for(run.user, AUDIENCE)
    workflow = workflow_backend.create(who, run.remote_name, yaml.safe_load(SPECIFICATION))
    found = workflow_backend.only()
    found.turn(WorkflowState.FINISHED)
    found.files |= {
        **RECORDED, "results/tables/muons.csv": TABLE, "log.txt": b"", INPUT: b"muon",
        "code/fit.py": b"print('fit')\n",
    }  # fmt: skip
    Run.objects.filter(pk=run.pk).update(workflow_id=workflow.id, workflow_name=workflow.name)
    return found


@pytest.fixture
def ended(run: Run, there: FakeWorkflow) -> Run:
    """The run, with its verdict."""
    run.refresh_from_db()
    run.inputs = [{"did": "cms:muons_1.root", "dataset": "cms:dimuon", "path": INPUT, "bytes": 4,
                   "adler32": "", "verified": True}]  # fmt: skip
    run.verdict = {"level": "bit-identical", "environment": "substituted", "inputs": "verified",
                   "outputs": []}  # fmt: skip
    run.state, run.finished_at = RunState.FINISHED, timezone.now()
    run.save()
    for path, content in RECORDED.items():
        digest = sha256(content).hexdigest()
        run.outputs.create(path=path, content=content, sha256=digest, size=len(content))
    return run


def uploaded(run: Run) -> list[str]:
    """Return the names of all uploads, however they stand."""
    return sorted(Upload.objects.filter(user=run.user).values_list("did_name", flat=True))
