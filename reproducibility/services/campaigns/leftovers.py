"""Runs that no point has any more: a worker takes them away, with what they have at the service.

A point that is tried again gives its run back, and a deleted campaign gives back all of them. Such
a run is known by its having no point, so that nothing has to remember it: it stands in no list, and
goes once its workflow and workspace are gone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from activity import services as activity
from activity.models import Level
from reproducibility.backends import AUDIENCE, get_backend
from reproducibility.models import ACTIVE, Campaign, Kind, RegistrationState, Run, RunQuerySet
from reproducibility.services import staging, workspace
from vre_portal import operations
from vre_portal.errors import Conflict, CredentialExpired, NotFound, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome, held

KIND = "campaign.leftovers"
#: Runs that one turn takes away, so that its worker is soon free for others.
TURN = 20
#: Seconds until a workflow that has still to stop, or a service that is away, is looked at again.
SOON_SECONDS, LATER_SECONDS = 2.0, 60.0
#: So long a service that is away, or an ended sign-in, is waited for.
PATIENCE = timedelta(days=7)


def register() -> None:
    """Register the operation; it goes on for whoever leaves."""
    operations.register(KIND, step, give_up=gave_up, ending=True)


def forget(campaign: Campaign) -> None:
    """Have the runs that points gave back taken away, once the caller's transaction is committed.

    The points have given them back before: `run` is None, or the points are gone.
    """
    key = f"{KIND}:{uuid4()}"
    operations.begin(KIND, subject=campaign.pk, user_id=campaign.user_id, key=key, is_new=True)


def given_back(user_id: UUID) -> RunQuerySet:
    """Return the runs of a person that no point has any more."""
    rows = Run.objects.filter(user_id=user_id, kind=Kind.POINT, point=None)
    return rows.exclude(state__in=ACTIVE)


def step(operation: Operation) -> Outcome:
    """Take some of them away, of whichever campaign they were."""
    left = given_back(operation.user_id)
    free = left.exclude(registrations__state=RegistrationState.RUNNING)
    # What was refused was looked at last: it comes after all others.
    oldest = free.order_by(F("checked_at").asc(nulls_first=True))
    runs = list(oldest.defer("logs", "steps").select_related("user")[:TURN])
    if not runs:
        return Again(LATER_SECONDS) if left.exists() else Done()
    try:
        with held(operation):
            gone = _take_away(runs, credential_for(operation.user, AUDIENCE, ending=True))
    except PortalError as exc:
        passes = exc.retryable or exc.waits or isinstance(exc, CredentialExpired)
        if passes and timezone.now() - operation.created_at < PATIENCE:
            return Again(LATER_SECONDS)
        raise
    return Again() if gone == len(runs) else Again(SOON_SECONDS)


def gave_up(operation: Operation, error: PortalError) -> None:
    """Tell the person; with the next runs that are given back it begins again."""
    words = _("Files of %(count)s points could not be deleted at the workflow service: %(why)s")
    told = {"count": given_back(operation.user_id).count(), "why": error.message}
    activity.record(
        user_id=operation.user_id, verb="campaign.left-behind", level=Level.WARNING,
        subject=("campaign", operation.subject), text=words % told, url="/runs/",
    )  # fmt: skip


def _take_away(runs: list[Run], credential: Credential) -> int:
    """Take runs away and return how many are gone; raises a refusal when no other went."""
    gone, refusal = 0, None
    for run in runs:
        try:
            if run.files_deleted or _is_deleted(run, credential):
                staging.clean_up(run)
                workspace.forget(run)
                run.delete()
                gone += 1
        except PortalError as exc:
            if exc.retryable or isinstance(exc, CredentialExpired):
                raise
            refusal = exc
            Run.objects.filter(pk=run.pk).update(checked_at=timezone.now())
    if refusal is not None and not gone:
        raise refusal
    return gone


def _is_deleted(run: Run, credential: Credential) -> bool:
    """Delete a run's workflow with its files; False while it has to stop first."""
    service = get_backend()
    try:
        workflow_id = run.workflow_id or _id_by_name(run, credential)
        if workflow_id:
            service.delete(credential, workflow_id, workspace=True)
    except Conflict:  # its run was given up, or somebody restarted it
        _stop(run, credential)
        return False
    except NotFound:
        return True
    return True


def _id_by_name(run: Run, credential: Credential) -> str:
    """Return the id of a workflow whose worker died as it was made; empty without one."""
    found = get_backend().find(credential, run.remote_name)
    return found.id if found else ""


def _stop(run: Run, credential: Credential) -> None:
    """Stop what goes on; it can be deleted at the next look."""
    with suppress(NotFound, Conflict):
        get_backend().cancel(credential, get_backend().get(credential, run.workflow_id))
