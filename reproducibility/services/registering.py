"""Registrations of what runs and campaigns gave: asked for, tried again, told to open pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import User
from activity import services as activity
from data_mgmt.models_uploads import UploadState
from reproducibility.models import (
    FileState,
    RegisteredFile,
    Registration,
    RegistrationState,
    Run,
)
from reproducibility.services.analyses import is_uuid
from reproducibility.services.register_checks import (
    AlreadyRegistered,
    Asked,
    planned,
    registered_already,
)
from reproducibility.services.runs import find_run
from reproducibility.services.turns import TIMELINE
from vre_portal import operations
from vre_portal.errors import Conflict, NotFound
from vre_portal.live import publish

KIND = "run.register"
TOPIC = "registration"
#: The timeline of a campaign.
CAMPAIGN = "campaign"
#: States of uploads that end without a file at a storage.
NOT_STORED = (UploadState.FAILED, UploadState.REFUSED, UploadState.REMOVING)


def register(user: User, run_id: UUID | str, asked: Asked) -> Registration:
    """Have outputs of a run put into Rucio as a dataset; see `register_checks.planned`."""
    run = find_run(user, run_id)
    registration, files = planned(user, run, asked)
    try:
        begin(registration, files)
    except IntegrityError as exc:
        raise _overtaken(run, files) from exc
    return registration


@transaction.atomic
def begin(registration: Registration, files: Sequence[RegisteredFile]) -> None:
    """Write a registration down that was checked, and have a worker do it."""
    registration.save()
    RegisteredFile.objects.bulk_create(files)
    _begin(registration)
    _note(registration, "asked")
    tell(registration, "registering", _under_way(registration, len(files)))


def _under_way(registration: Registration, count: int) -> str:
    words = ngettext(
        "%(n)d file is being registered as %(did)s.",
        "%(n)d files are being registered as %(did)s.",
        count,
    )
    return words % {"n": count, "did": registration.dataset}


def _overtaken(run: Run, files: list[RegisteredFile]) -> AlreadyRegistered:
    """Return what to tell whoever pressed twice: the other request was quicker."""
    rows = RegisteredFile.objects.filter(run=run, path__in=[file.path for file in files])
    rows = rows.exclude(state=FileState.FAILED).select_related("registration")
    return registered_already(rows[0])


def _begin(registration: Registration) -> None:
    key = f"{KIND}:{registration.pk}:{registration.attempt}"
    operations.begin(KIND, subject=registration.pk, user_id=registration.user_id, key=key)


def find(user: User, run_id: UUID | str, key: UUID | str) -> Registration:
    """Return one of the user's registrations of a run."""
    mine = Registration.objects.visible_to(user).select_related("run__analysis", "run__version")
    found = mine.filter(pk=key, run_id=run_id).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such registration, or it is not yours."))
    return found


def of_run(run: Run) -> list[Registration]:
    """Return the registrations of a run, newest first."""
    return list(run.registrations.filter(user=run.user_id))


def datasets_of(run: Run) -> list[str]:
    """Return the datasets into which outputs of a run are registered, the newest first."""
    done = run.registrations.filter(state=RegistrationState.DONE)
    return list(dict.fromkeys(str(each.dataset) for each in done))


def retry(user: User, run_id: UUID | str, key: UUID | str) -> Registration:
    """Go on with a registration that failed; what is in Rucio already stays.

    Raises
    ------
    Conflict
        It did not fail, or one of its files is in another registration by now.
    """
    return again(find(user, run_id, key))


def again(registration: Registration) -> Registration:
    """Go on with a registration that failed; raises as `retry` does."""
    try:
        with transaction.atomic():
            row = Registration.objects.select_for_update().get(pk=registration.pk)
            if not row.can_retry:
                raise Conflict(_("Only a registration that failed can be tried again."))
            row.state, row.message, row.finished_at = RegistrationState.RUNNING, "", None
            row.attempt += 1
            row.save()
            _files_to_try(row).update(state=FileState.WAITING)
            _begin(row)
            _note(row, "retried")
    except IntegrityError as exc:
        words = _("One of these files is in another registration by now.")
        raise Conflict(words) from exc
    publish_state(row)
    return row


def _files_to_try(registration: Registration) -> QuerySet[RegisteredFile]:
    """Return what failed; uploads may have ended since the worker last looked at them."""
    ended = Q(state=FileState.STORING, upload__state__in=NOT_STORED)
    gone = Q(state=FileState.STORING, upload=None)
    return registration.files.filter(Q(state=FileState.FAILED) | ended | gone)


def progress(registration: Registration) -> Mapping[str, int]:
    """Return how many files and bytes there are, and how many of them are in Rucio."""
    done = registration.files.filter(state=FileState.DONE)
    total = registration.files.aggregate(bytes=Sum("size"))["bytes"] or 0
    return {
        "files_total": registration.files.count(),
        "files_done": done.count(),
        "bytes_total": total,
        "bytes_done": done.aggregate(bytes=Sum("size"))["bytes"] or 0,
    }


def _note(registration: Registration, verb: str) -> None:
    """Write what the person did to the audit log."""
    detail = {
        "did": str(registration.dataset),
        "storage": registration.storage,
        "files": registration.files.count(),
    }
    subject = subject_of(registration)
    verb = f"{subject.kind}.register-{verb}"
    audit.record(verb, actor=registration.user, about=(subject.kind, subject.pk), detail=detail)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a registration is of: a run or a campaign, and where the registration is shown."""

    kind: str
    pk: UUID
    title: str
    url: str


def subject_of(registration: Registration) -> Subject:
    """Return what a registration is of."""
    if (campaign := registration.campaign) is not None:
        url = reverse("reproducibility:campaign-dataset", args=[campaign.pk])
        return Subject(CAMPAIGN, campaign.pk, campaign.title, url)
    run = registration.the_run
    url = reverse("reproducibility:registration", args=(run.pk, registration.pk))
    return Subject(TIMELINE, run.pk, f"{run.analysis.title}, run {run.number}", url)


def tell(
    registration: Registration, verb: str, text: str, *, level: str = "info", url: str = ""
) -> None:
    """Write what happened to the timeline of the run or campaign, and tell the open pages."""
    subject = subject_of(registration)
    activity.record(
        user_id=registration.user_id,
        verb=f"{subject.kind}.{verb}",
        subject=(subject.kind, subject.pk),
        text=f"{subject.title}: {text}",
        level=level,
        url=url or subject.url,
    )
    publish_state(registration)


def publish_state(registration: Registration) -> None:
    """Tell the open pages."""
    event = {"state": str(registration.state), "message": registration.message}
    publish(f"{TOPIC}:{registration.pk}", event)


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a registration as the websocket tells it first."""
    mine = Registration.objects.filter(user_id=str(user_id))
    found = mine.filter(pk=key).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such registration, or it is not yours."))
    return {"state": found.state, "message": found.message}
