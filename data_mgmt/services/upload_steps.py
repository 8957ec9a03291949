"""What the worker does with a received upload: compare, store, register; each step once enough."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from data_mgmt.backends import Did, DidType, FileEntry, get_backend
from data_mgmt.backends.uploads import NewFile
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import staging, upload_checks, uploads
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.describing import same
from data_mgmt.services.reading import storage_credential
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError, UpstreamRefused
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome

TELL_SECONDS = 1.0
DAY = 86400


class Corrupted(InvalidRequest):
    """What came is not what the sender has."""


def register() -> None:
    """Say which steps drive the operations of uploads."""
    operations.register(uploads.SEND, advance, give_up=failed)
    operations.register(uploads.CLEAN, clean, give_up=cleaning_failed, ending=True)


def advance(operation: Operation) -> Outcome:
    """Do the next step of an upload; a step that a killed worker began is done again."""
    upload = Upload.objects.select_related("user").get(pk=operation.subject)
    step = _STEPS.get(UploadState(upload.state))
    if step is None:
        return Done()
    with operations.held(operation):
        step(upload)
    return Again()


def _compare(upload: Upload) -> None:
    """Read what came once, and compare it with what the sender told."""
    size, found = _measure(upload)
    if size != upload.size:
        words = _("Only %(n)d of %(all)d bytes are here any more. Upload the file again.")
        raise Corrupted(words % {"n": size, "all": upload.size})
    if upload.told_kind and found[upload.told_kind] != upload.told_digest:
        words = _(
            "The file was corrupted on its way: its %(kind)s is %(found)s here, and %(told)s where"
            " you sent it from. Nothing was stored. Upload it again."
        )
        told = {"kind": upload.told_kind, "found": found[upload.told_kind]}
        raise Corrupted(words % {**told, "told": upload.told_digest})
    _save(upload, UploadState.STORING, adler32=found["adler32"], md5=found["md5"])


def _measure(upload: Upload) -> tuple[int, dict[str, str]]:
    size, adler, md5 = 0, 1, hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256() if upload.told_kind == "sha256" else None
    for block in _blocks(upload):
        size += len(block)
        adler = zlib.adler32(block, adler)
        md5.update(block)
        if sha256:
            sha256.update(block)
    found = {"adler32": f"{adler:08x}", "md5": md5.hexdigest()}
    return size, found | ({"sha256": sha256.hexdigest()} if sha256 else {})


def _blocks(upload: Upload) -> Iterator[bytes]:
    try:
        with staging.path_of(upload.pk).open("rb", buffering=0) as file:
            while block := file.read(staging.BLOCK):
                yield block
    except FileNotFoundError:
        return


class _Body:
    """The bytes of an upload, which tell how far they are."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload

    def __len__(self) -> int:
        return self._upload.size

    def __iter__(self) -> Iterator[bytes]:
        sent, told_at = 0, time.monotonic()
        for block in _blocks(self._upload):
            yield block
            sent += len(block)
            if time.monotonic() - told_at > TELL_SECONDS:
                told_at = time.monotonic()
                Upload.objects.filter(pk=self._upload.pk).update(stored_bytes=sent)
                uploads.publish_state(self._upload)


def _store(upload: Upload) -> None:
    """Put the bytes to the storage, unless they lie there already, and look at them there."""
    credential, backend = credential_for(upload.user, SERVICE), get_backend()
    with suppress(NotFound):
        backend.get_did(credential, upload.did)
        words = _("%(did)s exists already. Remove this upload, or the file that is there.")
        raise Conflict(words % {"did": upload.did})
    usage = backend.usage(credential, account=upload.account)
    room = next((row for row in usage if row.storage == upload.storage), None)
    upload_checks.check_quota(upload.user, _wish(upload), room)
    if not upload.address:
        upload.address = backend.write_address(credential, upload.did, upload.storage)
        upload.save(update_fields=["address", "updated_at"])
    door = storage_credential(upload.user)
    if not _lies_there(upload, door):
        backend.store(door, upload.address, _Body(upload))
        if not _lies_there(upload, door):
            backend.unstore(door, upload.address)
            words = _("%(storage)s has other bytes than were sent to it. Try again.")
            raise UpstreamRefused(words % {"storage": upload.storage}, service="storage")
    _save(upload, UploadState.REGISTERING, stored_bytes=upload.size)


def _wish(upload: Upload) -> upload_checks.Wish:
    return upload_checks.Wish(upload.did, upload.size, upload.storage)


def _lies_there(upload: Upload, door: Credential) -> bool:
    there = get_backend().stored(door, upload.address)
    return there is not None and (there.bytes, there.adler32) == (upload.size, upload.adler32)


def _register(upload: Upload) -> None:
    """Make file, metadata, membership and rule true in the catalogue."""
    credential, backend = credential_for(upload.user, SERVICE), get_backend()
    entry = FileEntry(upload.did, upload.size, upload.adler32)
    backend.register_file(credential, NewFile(entry, upload.md5), upload.storage)
    _describe(credential, upload)
    dataset = upload.dataset
    if dataset:
        _put_into(credential, upload, dataset)
    if dataset is None or not _held(credential, upload, dataset):
        _hold(credential, upload, upload.did)
    with transaction.atomic():
        upload.finished_at = timezone.now()
        _save(upload, UploadState.DONE)
        url = reverse("data_mgmt:did", kwargs={"did": upload.did})
        uploads.tell(upload, "done", _("%(did)s is at %(storage)s"), level="ok", url=url)
    staging.remove(upload.pk)


def _describe(credential: Credential, upload: Upload) -> None:
    if upload.metadata:
        known = get_backend().metadata(credential, upload.did)
        items = upload.metadata.items()
        missing = {key: value for key, value in items if not same(known.get(key), value)}
        if missing:
            get_backend().set_metadata(credential, upload.did, missing)


def _put_into(credential: Credential, upload: Upload, dataset: Did) -> None:
    """Attach the file to its dataset, which is made and held where it is not there."""
    backend = get_backend()
    try:
        upload_checks.check_dataset(dataset, backend.get_did(credential, dataset))
    except NotFound:
        with suppress(Conflict):  # another file of it was quicker
            backend.make(credential, dataset, DidType.DATASET, account=upload.account)
            _hold(credential, upload, dataset)
    backend.attach(credential, dataset, [upload.did])


def _held(credential: Credential, upload: Upload, did: Did) -> bool:
    """Whether an own rule keeps a DID at the storage."""
    rules = get_backend().rules_of(credential, did)
    mine = (upload.account, upload.storage)
    return any((rule.account, rule.storage) == mine for rule in rules)


def _hold(credential: Credential, upload: Upload, did: Did) -> None:
    if _held(credential, upload, did):
        return
    days = upload.lifetime_days
    with suppress(Conflict):  # another file of the same dataset was quicker
        get_backend().add_rule(
            credential,
            did,
            storage=upload.storage,
            lifetime_seconds=days * DAY if days else None,
            comment=_("Uploaded through the portal"),
            account=upload.account,
        )


def _save(upload: Upload, state: UploadState, **values: Any) -> None:
    upload.state = state
    for name, value in values.items():
        setattr(upload, name, value)
    upload.save(update_fields=["state", "finished_at", "updated_at", *values])
    uploads.publish_state(upload)


_STEPS: dict[UploadState, Callable[[Upload], None]] = {
    UploadState.CHECKING: _compare,
    UploadState.STORING: _store,
    UploadState.REGISTERING: _register,
}


def failed(operation: Operation, error: PortalError) -> None:
    """Record why an upload did not come to its end; corrupted bytes are thrown away."""
    upload = Upload.objects.get(pk=operation.subject)
    refused = isinstance(error, Corrupted)
    state = UploadState.REFUSED if refused else UploadState.FAILED
    upload.finished_at = timezone.now()
    ends = uploads.end_of_keeping()
    _save(upload, state, reason=error.message, failed_in=upload.state, expires_at=ends)
    if refused:
        transaction.on_commit(partial(staging.remove, upload.pk))
        uploads.tell(upload, "refused", _("Refused %(did)s: it was corrupted"), level="error")
    else:
        uploads.tell(upload, "failed", _("Could not store %(did)s"), level="error")


def clean(operation: Operation) -> Outcome:
    """Remove what a thrown away upload left at a storage, unless it is registered."""
    upload = Upload.objects.select_related("user").filter(pk=operation.subject).first()
    if upload is None:
        return Done()
    credential = credential_for(upload.user, SERVICE, ending=True)
    try:
        get_backend().get_did(credential, upload.did)
    except NotFound:
        get_backend().unstore(storage_credential(upload.user), upload.address)
    upload.delete()
    return Done()


def cleaning_failed(operation: Operation, error: PortalError) -> None:
    """Give the name free; the storage's own consistency check finds what was left."""
    Upload.objects.filter(pk=operation.subject).delete()
