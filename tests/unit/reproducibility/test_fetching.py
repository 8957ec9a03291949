"""An output whose transfer breaks is read anew, a few times, and is never half of it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from accounts.credentials import Credential, credential_for
from accounts.models import User
from reproducibility.backends import AUDIENCE, BrokenOff
from reproducibility.models import Run, RunOutput
from reproducibility.services.fetching import TRIES, Fetched, fetch
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, work

PATH = "results/fit.json"
CONTENT = RECORDED[PATH]


@pytest.fixture
def given(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run whose outputs are in its workspace."""
    work(run)
    workflow_backend.run()
    return run


@pytest.fixture
def who(alice: User) -> Credential:
    return credential_for(alice, AUDIENCE)


def test_a_transfer_that_broke_is_begun_anew(
    given: Run, who: Credential, workflow_backend: FakeWorkflows, tmp_path: Path
) -> None:
    workflow_backend.broken_downloads = TRIES - 1
    came: list[int] = []

    found = fetch(given, PATH, who, to=tmp_path / "found", most=1 << 20, came=came.append)

    assert found == Fetched(sha256(CONTENT).hexdigest(), len(CONTENT), tmp_path / "found")
    assert (tmp_path / "found").read_bytes() == CONTENT
    assert came == [3] * TRIES + [len(CONTENT)]


def test_it_is_not_begun_for_ever(
    given: Run, who: Credential, workflow_backend: FakeWorkflows, tmp_path: Path
) -> None:
    workflow_backend.broken_downloads = 100

    with pytest.raises(BrokenOff):
        fetch(given, PATH, who, to=tmp_path / "found", most=1 << 20, came=lambda _: None)

    assert workflow_backend.broken_downloads == 100 - TRIES
    assert not RunOutput.objects.filter(run=given).exists()
