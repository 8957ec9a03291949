"""What stays at the workflow service: files of a run, who reads them, quota and secrets."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.credentials import credential_for
from accounts.models import AuditEvent, User
from reproducibility.backends import AUDIENCE, Secret, SecretKind, WorkflowState
from reproducibility.models import Run
from reproducibility.services import keeping, workflow_account, workspace
from reproducibility.services.workspace import WorkspaceGone
from tests.factories import sign_in
from tests.fakes.workflow_state import FakeWorkflow
from tests.unit.reproducibility.files.workspaces import FakeWorkspaces
from vre_portal.errors import Conflict, NotFound

pytestmark = pytest.mark.django_db

READER = "bob@example.org"


def pages(run: Run) -> str:
    """Return where the pages of what a run keeps begin."""
    return f"/runs/{run.pk}"


def test_the_page_tells_the_size_and_who_reads_it(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    browser.post(f"{pages(ended)}/keeping", {"email": READER, "until": "2199-01-02"})

    page = browser.get(f"{pages(ended)}/keeping").content.decode()

    assert READER in page
    assert "2199" in page
    assert "takes" in page
    assert [one.email for one in there.shares] == [READER]


def test_a_share_is_taken_back(browser: Client, ended: Run, there: FakeWorkflow) -> None:
    keeping.share(ended.user, ended.pk, READER)

    answer = browser.post(f"{pages(ended)}/unshare", {"email": READER}, follow=True)

    assert there.shares == []
    assert "Nobody but you" in answer.content.decode()


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"email": "bob"}, "Enter a valid email address"),
        ({"email": READER, "until": "2020-01-01"}, "That day is over"),
        ({"email": READER, "until": "soon"}, "Enter a valid date"),
    ],
)
def test_a_wrong_share_is_refused_at_its_field(
    browser: Client, ended: Run, there: FakeWorkflow, entered: dict[str, str], told: str
) -> None:
    answer = browser.post(f"{pages(ended)}/keeping", entered)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert there.shares == []


def test_what_the_service_does_not_take_is_told_with_the_entry_kept(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    keeping.share(ended.user, ended.pk, READER)

    answer = browser.post(f"{pages(ended)}/keeping", {"email": READER})

    assert answer.status_code == 422
    assert "shared with them already" in answer.content.decode()
    assert f'value="{READER}"' in answer.content.decode()


def test_files_are_deleted_and_what_was_found_stays(
    browser: Client, ended: Run, there: FakeWorkflow
) -> None:
    workspace.read(ended)  # which is remembered for some seconds

    answer = browser.post(f"{pages(ended)}/delete-files", follow=True)

    assert "What was found stays here" in answer.content.decode()
    ended.refresh_from_db()
    for look in (workspace.read, lambda run: keeping.look(run.user, run.pk)):
        with pytest.raises(WorkspaceGone):
            look(ended)
    assert ended.verdict is not None
    assert browser.get(f"{pages(ended)}/files/").status_code == 200
    assert AuditEvent.objects.filter(action="run.files-deleted").count() == 1


def test_deleting_again_is_told(browser: Client, ended: Run, there: FakeWorkflow) -> None:
    there.turn(WorkflowState.DELETED)  # by other means

    for words in ("What was found stays here", "Its files were deleted"):
        answer = browser.post(f"{pages(ended)}/delete-files", {"from": "account"}, follow=True)
        assert words in answer.content.decode()

    assert list(workflow_account.largest(ended.user)) == []


def test_files_of_a_run_that_goes_on_are_not_deleted(ended: Run, there: FakeWorkflow) -> None:
    Run.objects.filter(pk=ended.pk).update(state="running")

    with pytest.raises(Conflict, match="Stop it first"):
        keeping.delete_files(ended.user, ended.pk)

    assert there.files


@pytest.mark.parametrize("act", ["keeping", "unshare", "delete-files"])
def test_others_do_nothing_with_it(
    act: str, bob: User, client: Client, ended: Run, there: FakeWorkflow
) -> None:
    sign_in(client, bob)

    assert client.post(f"{pages(ended)}/{act}", {"email": READER}).status_code == 404
    assert client.get(f"/api/v1/runs/{ended.pk}/kept").status_code == 404
    assert there.files
    assert there.shares == []


def test_the_account_shows_use_and_the_largest_runs_first(
    browser: Client, ended: Run, there: FakeWorkflow, workflow_backend: FakeWorkspaces
) -> None:
    workflow_backend.disk_limit = 1 << 30
    Run.objects.filter(pk=ended.pk).update(seen={"size": 5 << 20})

    page = browser.get("/runs/service").content.decode()

    assert "of 1 GiB" in page
    assert "5 MiB" in page
    assert "No secrets" in page
    assert list(workflow_account.largest(ended.user)) == [ended]


@pytest.mark.parametrize("content", [b"-----BEGIN KEY-----\n", b"\x00\x01keytab"])
def test_a_secret_goes_to_the_service_alone(
    browser: Client, run: Run, workflow_backend: FakeWorkspaces, content: bytes
) -> None:
    file = SimpleUploadedFile("key", content)

    answer = browser.post(
        "/runs/service", {"name": "user.key", "kind": "file", "content": file}, follow=True
    )

    assert "Jobs get user.key from now on." in answer.content.decode()
    who = credential_for(run.user, AUDIENCE)
    assert workflow_backend.secrets(who) == (Secret("user.key", SecretKind.FILE),)


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"name": "1ST", "kind": "env", "value": "secret-words"}, "A variable&#x27;s name"),
        ({"name": "..", "kind": "file", "value": "secret-words"}, "A file&#x27;s name"),
        ({"name": "KEY", "kind": "env", "value": ""}, "This field is required"),
        ({"name": "", "kind": "env", "value": "secret-words"}, "This field is required"),
        ({"name": "KEY", "kind": "cookie", "value": "secret-words"}, "Select a valid choice"),
    ],
)
def test_a_wrong_secret_is_refused_and_not_shown_again(
    browser: Client, run: Run, workflow_backend: FakeWorkspaces, entered: dict[str, str], told: str
) -> None:
    answer = browser.post("/runs/service", entered)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert "secret-words" not in answer.content.decode()
    assert workflow_backend.kept_secrets == {}


def test_a_secret_of_a_name_that_is_taken_is_replaced_only_when_told(
    browser: Client, run: Run, workflow_backend: FakeWorkspaces
) -> None:
    wish = {"name": "KEY", "kind": "env", "value": "one"}
    browser.post("/runs/service", wish)

    refused = browser.post("/runs/service", wish)
    replaced = browser.post("/runs/service", {**wish, "overwrite": "on"})

    assert refused.status_code == 422
    assert "one of that name" in refused.content.decode()
    assert replaced.status_code == 302


def test_a_secret_is_removed_once(
    browser: Client, run: Run, workflow_backend: FakeWorkspaces
) -> None:
    browser.post("/runs/service", {"name": "KEY", "kind": "env", "value": "one"})

    removed = browser.post("/runs/service/secrets/remove", {"name": "KEY"}, follow=True)
    again = browser.post("/runs/service/secrets/remove", {"name": "KEY"}, follow=True)

    assert "do not get KEY any more" in removed.content.decode()
    assert "not found: KEY" in again.content.decode()
    with pytest.raises(NotFound):
        workflow_account.remove_secret(run.user, "KEY")


def test_the_api_does_the_same(browser: Client, ended: Run, there: FakeWorkflow) -> None:
    base = f"/api/v1/runs/{ended.pk}"
    json = "application/json"
    size = sum(map(len, there.files.values()))

    shared = browser.post(f"{base}/shares", {"email": READER}, json)
    secret = browser.post("/api/v1/workflow-account/secrets", {"name": "KEY", "value": "1"}, json)
    account = browser.get("/api/v1/workflow-account").json()
    unshared = browser.delete(f"{base}/shares?email={READER}")
    removed = browser.delete("/api/v1/workflow-account/secrets/KEY")
    deleted = browser.delete(f"{base}/kept")

    assert shared.status_code == 201
    assert [one["email"] for one in shared.json()["shares"]] == [READER]
    assert secret.status_code == 204
    assert account["secrets"] == [{"name": "KEY", "kind": "env"}]
    assert account["quota"]["disk"] == {"used": size, "limit": None}
    assert {unshared.status_code, removed.status_code, deleted.status_code} == {204}
    assert browser.get(f"{base}/kept").status_code == 404
