"""What the worker does with a registration: one file after the other through the uploads.

Upload and file are written in one transaction, so that a killed worker finds what it began; the
bytes that have come stay on the uploads' disk, and the next worker goes on behind them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from data_mgmt.backends import get_backend as data_backend
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import uploads
from data_mgmt.services.describing import same
from data_mgmt.services.staging import Piece, offset_of
from reproducibility.backends import get_backend
from reproducibility.models import FileState, RegisteredFile, Registration, RegistrationState
from reproducibility.services import register_checks, workspace
from reproducibility.services.campaigns import exporting
from reproducibility.services.inputs import AUDIENCE
from reproducibility.services.registering import KIND, NOT_STORED, publish_state, tell
from vre_portal import operations
from vre_portal.errors import (
    Conflict,
    NotFound,
    PortalError,
    QuotaExceeded,
    RangeNotSatisfiable,
)
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome

log = logging.getLogger(__name__)

#: So many files of one registration are on the uploads' disk at once; the others wait.
AT_ONCE = 4
LOOK_SECONDS, LATER_SECONDS, TELL_SECONDS = 1.0, 10.0, 1.0
ENDED: dict[str, FileState] = {
    UploadState.DONE: FileState.DONE,
    **dict.fromkeys(NOT_STORED, FileState.FAILED),
}
THROWN_AWAY = (UploadState.REFUSED, UploadState.REMOVING)


#: The bytes of a file from an offset on.
Parts = Callable[[int], Iterator[bytes]]


class FileChanged(Conflict):
    """A file of the workspace is not what it was when it was chosen."""

    def __init__(self, path: str) -> None:
        words = _("%(path)s was changed or removed since it was chosen. Register it anew.")
        super().__init__(words % {"path": path}, service="reana")


_RELATED = ("user", "run__analysis", "run__version", "run__user", "campaign__version__analysis")


def register() -> None:
    """Say which step drives registrations."""
    operations.register(KIND, advance, give_up=failed)


def advance(operation: Operation) -> Outcome:
    """Do the next part of a registration; what a killed worker began goes on."""
    rows = Registration.objects.select_related(*_RELATED)
    registration = rows.filter(pk=operation.subject).first()
    if registration is None or not registration.active:  # its analysis may be deleted by now
        return Done()
    with operations.held(operation):
        return _next(registration)


def _next(registration: Registration) -> Outcome:
    files = list(registration.files.select_related("upload"))
    _look_at(registration, files)
    for file in files:
        if file.state == FileState.FAILED:
            raise Conflict(_why(file))
    on_their_way = [file for file in files if file.state == FileState.STORING]
    waiting = [file for file in files if file.state in {FileState.WAITING, FileState.FETCHING}]
    if waiting and len(on_their_way) < AT_ONCE:
        return _fetch(registration, waiting[0], has_others=bool(on_their_way))
    if waiting or on_their_way:
        return Again(LOOK_SECONDS)
    _describe(registration)
    _finish(registration)
    return Done()


def _look_at(registration: Registration, files: Sequence[RegisteredFile]) -> None:
    """Note which uploads have ended."""
    for file in files:
        if file.state != FileState.STORING:
            continue
        # An upload that is gone was thrown away by its owner.
        state = ENDED.get(file.upload.state) if file.upload else FileState.FAILED
        if state:
            _save(file, state)
            publish_state(registration)


def _why(file: RegisteredFile) -> str:
    removed = file.upload is None or file.upload.state == UploadState.REMOVING
    reason = _("Its upload was removed.") if removed or not file.upload else file.upload.reason
    return _("%(path)s: %(reason)s") % {"path": file.path, "reason": reason}


def _fetch(registration: Registration, file: RegisteredFile, *, has_others: bool) -> Outcome:
    campaign = registration.campaign
    if campaign is None:
        parts = partial(_parts, registration, file)
        return _poured(registration, file, parts, has_others=has_others)
    if campaign.drives != registration.drives:
        raise Conflict(_("The campaign has gone on since. Register its table anew."))
    with exporting.written(campaign, file.path) as content:
        _measure(file, content)
        return _poured(registration, file, content.parts, has_others=has_others)


def _measure(file: RegisteredFile, content: exporting.Written) -> None:
    """Note size and checksum of what was written, which stay the same for another worker."""
    if file.sha256 and file.sha256 != content.sha256:  # another release of a library wrote it
        if file.upload and file.upload.can_remove:
            uploads.remove(file.upload)
        file.upload, file.sha256 = None, ""
        file.save(update_fields=["upload", "sha256"])
        raise FileChanged(file.path)
    file.size, file.sha256 = content.size, content.sha256
    file.save(update_fields=["size", "sha256"])


def _poured(
    registration: Registration, file: RegisteredFile, parts: Parts, *, has_others: bool
) -> Outcome:
    """Bring a file to the uploads' disk and hand it over."""
    try:
        upload = _begun(registration, file)
    except QuotaExceeded:
        if not has_others:
            raise
        return Again(LATER_SECONDS)  # what is on its way makes room
    if upload.state == UploadState.FAILED:
        uploads.retry(upload)
    elif upload.state == UploadState.RECEIVING:
        before = offset_of(upload.pk)
        try:
            _pour(registration, file, upload, parts)
        except FileChanged:
            uploads.remove(upload)  # it would keep the name from another try
            raise
        except PortalError as exc:
            if not exc.retryable or offset_of(upload.pk) == before:
                raise
            log.info("%s broke off and goes on: %s", file, exc.message)
            return Again(LOOK_SECONDS)
        uploads.received(upload)
    _save(file, FileState.STORING)
    publish_state(registration)
    return Again()


def _begun(registration: Registration, file: RegisteredFile) -> Upload:
    """Return the file's upload, begun unless it is already."""
    with transaction.atomic():
        row = RegisteredFile.objects.select_for_update().get(pk=file.pk)
        found = row.upload
        if found is None or found.state in THROWN_AWAY:
            found = uploads.begin(registration.user, register_checks.wish_of(registration, file))
        row.upload, row.state = found, FileState.FETCHING
        row.save(update_fields=["upload", "state"])
    return found


def _pour(registration: Registration, file: RegisteredFile, upload: Upload, parts: Parts) -> None:
    """Read the file, from where it broke off, to the uploads' disk."""
    told_at = time.monotonic()
    with closing(Piece(upload.pk)) as piece:
        for part in parts(piece.offset) if piece.offset < file.size else ():
            if piece.offset + len(part) > file.size:
                raise FileChanged(file.path)
            piece.add(part)
            if time.monotonic() - told_at > TELL_SECONDS:
                told_at = time.monotonic()
                uploads.kept(upload)
                publish_state(registration)
        if piece.offset != file.size:
            raise FileChanged(file.path)


def _parts(registration: Registration, file: RegisteredFile, offset: int) -> Iterator[bytes]:
    """Yield a file of a run's workspace from an offset on."""
    run, backend = registration.the_run, get_backend()
    try:
        yield from backend.download(workspace.credential(run), run.workflow_id, file.path, offset)
    except (NotFound, RangeNotSatisfiable) as exc:
        raise FileChanged(file.path) from exc


def _describe(registration: Registration) -> None:
    """Say in the catalogue what made the dataset; what is there already stays."""
    credential, did = credential_for(registration.user, AUDIENCE), registration.dataset
    known = data_backend().metadata(credential, did)
    items = registration.metadata.items()
    missing = {key: value for key, value in items if not same(known.get(key), value)}
    if missing:
        data_backend().set_metadata(credential, did, missing)


def _save(file: RegisteredFile, state: FileState) -> None:
    file.state = state
    file.save(update_fields=["state"])


@transaction.atomic
def _finish(registration: Registration) -> None:
    did = registration.dataset
    registration.state, registration.finished_at = RegistrationState.DONE, timezone.now()
    registration.save(update_fields=["state", "finished_at", "updated_at"])
    url = reverse("data_mgmt:did", kwargs={"did": did})
    words = _("registered as %(did)s at %(storage)s.")
    told = words % {"did": did, "storage": registration.storage}
    tell(registration, "registered", told, level="ok", url=url)


def failed(operation: Operation, error: PortalError) -> None:
    """Record why a registration did not come to its end; its files give their names free."""
    rows = Registration.objects.select_related(*_RELATED)
    registration = rows.filter(pk=operation.subject).first()
    if registration is None:
        return
    registration.state, registration.finished_at = RegistrationState.FAILED, timezone.now()
    registration.message = error.message
    registration.save(update_fields=["state", "message", "finished_at", "updated_at"])
    unfinished = registration.files.filter(state__in=(FileState.WAITING, FileState.FETCHING))
    unfinished.update(state=FileState.FAILED)
    words = _("could not be registered as %(did)s: %(why)s")
    told = words % {"did": registration.dataset, "why": error.message}
    tell(registration, "register-failed", told, level="error")
