"""A run's workspace is looked at as folders and files, with its outputs marked."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.models import Run
from reproducibility.services import workspace
from reproducibility.services.workspace import Kind
from tests.factories import sign_in
from tests.fakes.workflow_state import FakeWorkflow
from tests.unit.reproducibility.conftest import RECORDED
from tests.unit.reproducibility.files.conftest import TABLE
from tests.unit.reproducibility.files.workspaces import FakeWorkspaces
from vre_portal.errors import InvalidRequest, NotFound, UpstreamUnavailable

pytestmark = pytest.mark.django_db


def test_a_folder_shows_folders_first_with_what_is_below_them(
    ended: Run, there: FakeWorkflow
) -> None:
    found = workspace.read(ended).browse("results")

    assert [(one.name, one.kind, one.size) for one in found] == [
        ("tables", Kind.FOLDER, len(TABLE)),
        ("fit.json", Kind.FILE, len(RECORDED["results/fit.json"])),
        ("mass.png", Kind.FILE, len(RECORDED["results/mass.png"])),
    ]


def test_outputs_are_marked_and_have_the_checksum_that_was_compared(
    ended: Run, there: FakeWorkflow
) -> None:
    found = {one.path: one for one in workspace.read(ended).files}

    assert found["results/fit.json"].is_output
    assert found["results/fit.json"].sha256 == ended.outputs.get(path="results/fit.json").sha256
    assert not found["results/tables/muons.csv"].is_output
    assert found["results/tables/muons.csv"].sha256 == ""


def test_a_file_of_another_size_than_the_compared_one_has_no_checksum(
    ended: Run, there: FakeWorkflow
) -> None:
    there.files["results/fit.json"] += b"more"

    found = workspace.read(ended).look("results/fit.json")

    assert found.sha256 == ""


def test_the_service_is_asked_once_for_pages_that_follow_each_other(
    browser: Client, ended: Run, there: FakeWorkflow, workflow_backend: FakeWorkspaces
) -> None:
    before = workflow_backend.calls["list_files"]

    for path in ("", "results/", "code/"):
        assert browser.get(f"/runs/{ended.pk}/files/{path}").status_code == 200

    assert workflow_backend.calls["list_files"] == before + 1


@pytest.mark.parametrize("path", ["../secret", "results/../../x", "a/./b", "x" * 4001])
def test_what_is_no_path_in_the_workspace_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        workspace.checked(path)


def test_the_page_leads_from_folder_to_folder_and_to_the_downloads(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    top = browser.get(f"/runs/{ended.pk}/files/").text
    below = browser.get(f"/runs/{ended.pk}/files/results").text

    assert f'href="/runs/{ended.pk}/files/results"' in top
    assert f'href="/api/v1/runs/{ended.pk}/archive"' in top
    assert f'href="/api/v1/runs/{ended.pk}/archive?path=results%2Ftables"' in below
    assert f"/api/v1/runs/{ended.pk}/files/content?path=results%2Ffit.json" in below
    assert ">output</span>" in below
    assert "One folder up" in below


def test_a_file_that_is_not_there_is_not_found(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    assert browser.get(f"/runs/{ended.pk}/files/results/none.png").status_code == 404


def test_anybody_elses_run_does_not_exist(bob: User, ended: Run, there: FakeWorkflow) -> None:
    other = Client()
    sign_in(other, bob)

    assert other.get(f"/runs/{ended.pk}/files/").status_code == 404
    assert other.get(f"/runs/{ended.pk}/register").status_code == 404
    assert other.get(f"/api/v1/runs/{ended.pk}/workspace").status_code == 404


def test_a_run_without_a_workspace_says_that_it_has_none_yet(browser: Client, run: Run) -> None:
    page = browser.get(f"/runs/{run.pk}/files/")

    assert page.status_code == 200
    assert "The run has no workspace yet." in page.text


def test_a_deleted_workspace_says_so_and_shows_what_is_kept(
    browser: Client, ended: Run, workflow_backend: FakeWorkspaces
) -> None:
    workflow_backend.fail_on("list_files", NotFound("REANA says: no workspace."))

    page = browser.get(f"/runs/{ended.pk}/files/").text

    assert "The workspace was deleted" in page
    assert f'href="/runs/{ended.pk}/kept/results/fit.json"' in page


def test_a_silent_service_says_try_again(
    browser: Client, ended: Run, workflow_backend: FakeWorkspaces
) -> None:
    workflow_backend.fail_on("list_files", UpstreamUnavailable("REANA does not answer."))

    page = browser.get(f"/runs/{ended.pk}/files/")

    assert page.status_code == 503
    assert "Try again" in page.text


def test_an_empty_workspace_says_so(browser: Client, ended: Run, there: FakeWorkflow) -> None:
    there.files.clear()

    assert "Nothing is in this workspace" in browser.get(f"/runs/{ended.pk}/files/").text


def test_the_api_lists_a_folder(browser: Client, ended: Run, there: FakeWorkflow) -> None:
    answer = browser.get(f"/api/v1/runs/{ended.pk}/workspace?path=results").json()

    assert [one["path"] for one in answer["items"]] == [
        "results/tables", "results/fit.json", "results/mass.png",
    ]  # fmt: skip
    assert answer["items"][1]["is_output"]


def test_the_runs_page_leads_to_its_files(browser: Client, ended: Run) -> None:
    assert f'href="/runs/{ended.pk}/files/"' in browser.get(f"/runs/{ended.pk}").text
