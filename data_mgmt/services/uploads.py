"""Uploads: begun, received, handed to the worker, tried again, removed, forgotten in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from activity.services import record
from data_mgmt.models_uploads import UNFINISHED, Upload, UploadState
from data_mgmt.services import staging, upload_checks
from data_mgmt.services.upload_checks import Wish
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, NotFound
from vre_portal.live import publish

SEND = "data.upload"
CLEAN = "data.upload-clean"
KIND = "upload"
TOPIC = "uploads"
#: How long what has ended stays in the list.
SHOWN_DAYS = 30


def find(user: User, upload_id: UUID | str) -> Upload:
    """Return an upload that the user may see, or raise `NotFound`."""
    try:
        return Upload.objects.visible_to(user).get(pk=upload_id)
    except (Upload.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such upload, or its time is over.")) from exc


def begin(user: User, wish: Wish) -> Upload:
    """Begin an upload; see `upload_checks.check` for what is refused."""
    place = upload_checks.check(user, wish)
    kind, digest = wish.checksum or ("", "")
    upload = Upload(
        user=user,
        did_scope=wish.did.scope,
        did_name=wish.did.name,
        size=wish.size,
        account=place.account,
        storage=place.storage,
        dataset_scope=wish.dataset.scope if wish.dataset else "",
        dataset_name=wish.dataset.name if wish.dataset else "",
        lifetime_days=wish.lifetime_days,
        metadata=wish.metadata,
        told_kind=kind,
        told_digest=digest,
        told_metadata=wish.told_metadata,
        expires_at=end_of_keeping(),
    )
    staging.make(upload.pk)
    try:
        with transaction.atomic():
            upload.save()
            _note("begun", upload)
    except IntegrityError as exc:
        staging.remove(upload.pk)
        found = Upload.objects.unfinished().get(did_scope=wish.did.scope, did_name=wish.did.name)
        raise upload_checks.begun(user, found) from exc
    publish_state(upload)
    if not upload.size:
        received(upload)
    return upload


def end_of_keeping() -> datetime:
    """Return until when what is unfinished is kept from now on."""
    return timezone.now() + timedelta(hours=get_config().upload_keep_hours)


@transaction.atomic
def received(upload: Upload) -> Upload:
    """Hand an upload whose bytes have all come to the worker; once is as good as twice."""
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if row.state != UploadState.RECEIVING or staging.offset_of(row.pk) < row.size:
        return row
    row.state = UploadState.CHECKING
    row.save(update_fields=["state", "updated_at"])
    _work(row)
    tell(row, "received", _("Received %(did)s"))
    return row


def _work(upload: Upload) -> None:
    key = f"{SEND}:{upload.pk}:{upload.attempt}"
    operations.begin(SEND, subject=upload.pk, user_id=upload.user_id, key=key)


def kept(upload: Upload) -> None:
    """Note that something came: the time of a half-done upload begins anew."""
    row = Upload.objects.filter(pk=upload.pk, state=UploadState.RECEIVING)
    row.update(expires_at=end_of_keeping(), updated_at=timezone.now())
    publish_state(upload)


def length_is(upload: Upload, size: int) -> None:
    """Correct the size of an upload that a form sent: only its end tells it."""
    Upload.objects.filter(pk=upload.pk, state=UploadState.RECEIVING).update(size=size)
    upload.size = size


@transaction.atomic
def retry(upload: Upload) -> Upload:
    """Try again what failed; the bytes are still here."""
    row = Upload.objects.select_for_update().get(pk=upload.pk)
    if not row.can_retry:
        raise Conflict(_("Only an upload that failed can be tried again."))
    row.state = UploadState(row.failed_in or UploadState.CHECKING)
    row.reason, row.finished_at = "", None
    row.attempt += 1
    row.save()
    _work(row)
    _note("retried", row)
    publish_state(row)
    return row


def remove(upload: Upload) -> None:
    """Throw an upload away, with what it left at a storage; what is registered stays.

    Raises
    ------
    Conflict
        The worker has it.
    """
    with transaction.atomic():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if not row.can_remove:
            raise Conflict(_("It is just being stored. Wait until that has ended."))
        _note("removed", row)
        _end_row(row)
    publish_state(upload)


def _end_row(row: Upload) -> None:
    transaction.on_commit(partial(staging.remove, row.pk))
    if row.state not in UNFINISHED or not row.address:
        row.delete()
        return
    row.state = UploadState.REMOVING
    row.save(update_fields=["state", "updated_at"])
    operations.begin(CLEAN, subject=row.pk, user_id=row.user_id)


def tidy() -> None:
    """Hand over what is complete, remove what is too old and files that nobody knows."""
    now = timezone.now()
    for row in Upload.objects.filter(state=UploadState.RECEIVING, size__gt=0).iterator():
        if staging.offset_of(row.pk) >= row.size:
            received(row)
    late = Upload.objects.filter(expires_at__lt=now)
    for key in late.filter(state__in=(UploadState.RECEIVING, UploadState.FAILED)).values_list(
        "pk", flat=True
    ):
        _expire(key)
    ended = Upload.objects.exclude(state__in=UNFINISHED)
    ended.filter(finished_at__lt=now - timedelta(days=SHOWN_DAYS)).delete()
    for key in staging.strays(older_than=2 * 3600 * get_config().upload_keep_hours):
        if not Upload.objects.filter(pk=key).exists():
            staging.remove(key)


@transaction.atomic
def _expire(key: UUID) -> None:
    row = Upload.objects.select_for_update(skip_locked=True).filter(pk=key).first()
    if row is None or not row.can_remove or row.expires_at > timezone.now():
        return
    tell(row, "expired", _("The half-done upload of %(did)s was removed: its time was over"),
         level="warning")  # fmt: skip
    _end_row(row)


def _note(verb: str, upload: Upload) -> None:
    """Write what the person did to the audit log."""
    detail = {"did": str(upload.did), "storage": upload.storage, "bytes": upload.size}
    audit.record(f"{KIND}.{verb}", actor=upload.user, about=(KIND, upload.pk), detail=detail)


def tell(upload: Upload, verb: str, text: str, *, level: str = "info", url: str = "") -> None:
    """Write what happened to the timeline, and tell the open pages."""
    record(
        user_id=upload.user_id,
        verb=f"{KIND}.{verb}",
        subject=(KIND, upload.pk),
        text=text % {"did": upload.did, "storage": upload.storage},
        level=level,
        url=url or reverse("data_mgmt:uploads"),
    )
    publish_state(upload)


def publish_state(upload: Upload) -> None:
    """Tell the open pages."""
    event = {"id": str(upload.pk), "did": str(upload.did), "state": str(upload.state)}
    publish(f"{TOPIC}:{upload.user_id}", event)


def present_state(user_id: UUID, key: str) -> Mapping[str, Any]:
    """Return how many uploads are under way, for a websocket; strangers get `NotFound`."""
    if str(user_id) != key:
        raise NotFound(_("There is no such list of uploads."))
    return {"unfinished": Upload.objects.filter(user_id=user_id).unfinished().count()}
