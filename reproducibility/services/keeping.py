"""What stays of a run at the workflow service: its files, until when, and who else reads them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from reproducibility.backends import NotOffered, RetentionRule, Share, get_backend
from reproducibility.models import RegistrationState, Run
from reproducibility.services import workspace
from reproducibility.services.runs import find_run
from reproducibility.services.turns import TIMELINE, save
from reproducibility.services.workspace import NoWorkspace, WorkspaceGone
from vre_portal.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Kept:
    """The workspace of a run: bytes in all, what is deleted by itself, and who may read it.

    `rules` and `shares` are None where the service has no such thing.
    """

    size: int
    rules: tuple[RetentionRule, ...] | None
    shares: tuple[Share, ...] | None


def look(user: User, run_id: UUID | str) -> Kept:
    """Return what is kept of one of the user's runs.

    Raises
    ------
    NoWorkspace, WorkspaceGone
        The run got none, or it was deleted.
    """
    run = _with_workspace(user, run_id)
    credential, service = workspace.credential(run), get_backend()
    try:
        size = service.disk_usage(credential, run.workflow_id)
        rules, shares = None, None
        with suppress(NotOffered):
            rules = service.retention(credential, run.workflow_id)
        with suppress(NotOffered):
            shares = service.shares(credential, run.workflow_id)
    except NotFound as exc:
        words = _("The workspace was deleted at the workflow service.")
        raise WorkspaceGone(words, service="reana") from exc
    return Kept(size, rules, shares)


def share(user: User, run_id: UUID | str, email: str, until: date | None = None) -> None:
    """Let somebody read the workflow and its files at the service, to the end of a day (UTC).

    Raises
    ------
    Conflict, InvalidRequest
        They may already, or the service does not know them.
    """
    run = _with_workspace(user, run_id)
    get_backend().share(workspace.credential(run), run.workflow_id, email, until=until)
    audit.record("run.shared", actor=user, about=(TIMELINE, run.pk), detail={"until": str(until)})


def unshare(user: User, run_id: UUID | str, email: str) -> None:
    """Take that back."""
    run = _with_workspace(user, run_id)
    get_backend().unshare(workspace.credential(run), run.workflow_id, email)
    audit.record("run.unshared", actor=user, about=(TIMELINE, run.pk))


def delete_files(user: User, run_id: UUID | str) -> None:
    """Delete a run's workflow with its files; verdict, log and kept outputs stay in the portal.

    Raises
    ------
    Conflict
        The run goes on, or files of it are being registered.
    WorkspaceGone
        They are deleted already.
    """
    run = _with_workspace(user, run_id)
    if run.active:
        raise Conflict(_("The run goes on. Stop it first."))
    if run.registrations.filter(state=RegistrationState.RUNNING).exists():
        raise Conflict(_("Files of the run are being registered. Wait until they are."))
    with suppress(NotFound):  # gone already, by other means
        get_backend().delete(workspace.credential(run), run.workflow_id, workspace=True)
    workspace.forget(run)
    save(run, seen={**run.seen, "size": 0, "files_deleted": True})
    audit.record("run.files-deleted", actor=user, about=(TIMELINE, run.pk))


def _with_workspace(user: User, run_id: UUID | str) -> Run:
    run = find_run(user, run_id)
    if not run.workflow_id:
        raise NoWorkspace(_("The run got no workspace."))
    if run.files_deleted:
        raise WorkspaceGone(_("Its files were deleted."))
    return run
