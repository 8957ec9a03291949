"""What a run gave has a preview: of its workspace, of kept outputs, and of recorded ones."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.previews.options import Options
from data_mgmt.services import previews
from data_mgmt.services.previews import State
from reproducibility.models import Run
from reproducibility.services import file_previews, run_contents
from reproducibility.services.file_previews import KEPT, RECORDED, WorkspaceFile
from tests.fakes.workflow_state import FakeWorkflow
from tests.unit.reproducibility.files.conftest import TABLE
from tests.unit.reproducibility.files.workspaces import FakeWorkspaces
from vre_portal.errors import NotFound, UpstreamUnavailable

pytestmark = pytest.mark.django_db

TABLE_PATH = "results/tables/muons.csv"
FIT = "results/fit.json"


def made(run: Run, path: str) -> None:
    """Make what the queue would of a file of the workspace."""
    content = run_contents.content(run.user, run.pk, path)
    key = previews.key_of(file_previews._in_workspace(content), Options())
    file_previews.make(run.user_id, f"run/{run.pk}/{path}", Options(), key)


def test_a_file_is_shown_with_its_preview_once_it_is_made(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    page = f"/runs/{ended.pk}/files/{TABLE_PATH}"

    waiting = browser.get(page).text
    made(ended, TABLE_PATH)
    fragment = browser.get(f"{page}?tab=preview&fragment=preview").text

    assert 'data-live="preview:' in waiting
    assert '<svg class="chart"' in fragment
    assert "<html" not in fragment
    assert f"?file={TABLE_PATH.replace('/', '%2F')}" in browser.get(page).text


def test_the_api_says_202_until_it_is_made(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    url = f"/api/v1/runs/{ended.pk}/files/preview?path={TABLE_PATH}"

    waiting = browser.get(url)
    made(ended, TABLE_PATH)
    ready = browser.get(url)

    assert (waiting.status_code, waiting["Retry-After"]) == (202, "1")
    assert (ready.status_code, ready.json()["format"]) == (200, "csv")


def test_ranges_are_read_and_no_more(
    ended: Run, there: FakeWorkflow, workflow_backend: FakeWorkspaces
) -> None:
    file = WorkspaceFile(run_contents.content(ended.user, ended.pk, TABLE_PATH))

    found = file.read_at(1500, 20)

    assert found == TABLE[1500:1520]
    assert (workflow_backend.pieces, workflow_backend.open) == (1, 0)
    assert file.read_at(len(TABLE), 5) == file.read_at(-1, 5) == b""


def test_a_file_that_shrank_is_told_as_changed(ended: Run, there: FakeWorkflow) -> None:
    file = WorkspaceFile(run_contents.content(ended.user, ended.pk, TABLE_PATH))
    there.files[TABLE_PATH] = TABLE[:100]

    with pytest.raises(UpstreamUnavailable, match="changed while it was read"):
        file.read_at(50, 500)


def test_kept_and_recorded_outputs_have_one_preview_of_the_same_bytes(
    browser: Client, alice: User, ended: Run
) -> None:
    kept = ended.outputs.get(path=FIT)
    recorded = ended.version.outputs.get(path=FIT)
    key = previews.key_of(file_previews._held(KEPT, ended.pk, kept), Options())

    file_previews.make(alice.pk, f"{KEPT}/{ended.pk}/{FIT}", Options(), key)

    assert file_previews.of_kept(alice, kept, Options()).state is not State.MAKING
    assert file_previews.of_recorded(alice, recorded, Options()).state is not State.MAKING
    assert browser.get(f"/runs/{ended.pk}/kept/{FIT}").status_code == 200
    page = browser.get(f"/analyses/dimuon/recorded/{FIT}").text
    assert "as the authors recorded it with version 1" in page
    assert f"/analyses/dimuon/outputs/{FIT}?version=1" in page


def test_a_worker_makes_nothing_of_what_somebody_may_not_see(
    bob: User, ended: Run, analysis: object
) -> None:
    ended.analysis.published = False
    ended.analysis.save()

    with pytest.raises(NotFound):
        file_previews._found(bob, KEPT, str(ended.pk), FIT)
    with pytest.raises(NotFound):
        file_previews._found(bob, RECORDED, str(ended.version_id), FIT)
