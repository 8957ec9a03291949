"""Whether an upload may begin: everything that can be known before a byte moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import (
    Did,
    DidInfo,
    DidType,
    Storage,
    StorageKind,
    Usage,
    Value,
    get_backend,
)
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import staging
from data_mgmt.services.acting import Scope, writable_scopes
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.replicas import check as check_numbers
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NoRoom,
    NotFound,
    PortalError,
    QuotaExceeded,
    TooLarge,
)

DIGITS: Mapping[str, int] = {"adler32": 8, "md5": 32, "sha256": 64}
_CHECKSUM = re.compile(r"(adler32|md5|sha256):([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Wish:
    """A file that somebody wants to upload, and what is to be made of it."""

    did: Did
    size: int
    storage: str = ""
    dataset: Did | None = None
    lifetime_days: int | None = None
    checksum: tuple[str, str] | None = None
    metadata: dict[str, Value] = field(default_factory=dict)
    told_metadata: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes, and the account of Rucio that will own it."""

    storage: str
    account: str


class AlreadyThere(Conflict):
    """There is a file, or a half-done upload, of this name."""

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url

    def members(self) -> dict[str, Any]:
        """Lead to what is there."""
        return {"field": "filename", "url": self.url}


def checksum_of(text: str) -> tuple[str, str] | None:
    """Read ``adler32:…``, ``md5:…`` or ``sha256:…`` in hexadecimal; nothing is None.

    Raises
    ------
    InvalidRequest
        It is something else.
    """
    if not text:
        return None
    found = _CHECKSUM.fullmatch(text.strip().lower())
    if found is None or len(found[2]) != DIGITS[found[1]]:
        words = _("checksum: write adler32:, md5: or sha256: and the digits in hexadecimal.")
        raise InvalidRequest(words, field="checksum")
    return found[1], found[2]


def check(user: User, wish: Wish) -> Place:
    """Return where the file goes and as whose: at the wished storage, or at one that has room.

    Raises
    ------
    InvalidRequest
        Something is not as it may be; `field` names it.
    AlreadyThere
        There is a file, or an unfinished upload, of this name.
    TooLarge, QuotaExceeded, NoRoom
        A limit of the portal, of the person or of the disk.
    """
    _check_limits(user, wish)
    check_numbers(1, wish.lifetime_days, "")
    _check_names(wish)
    scope = _scope(user, wish)
    credential, backend = credential_for(user, SERVICE), get_backend()
    budget = Budget(SERVICE)
    usage = budget.ask(lambda: backend.usage(credential, account=scope.account))
    storages = budget.ask(lambda: backend.list_storages(credential))
    there = budget.ask(lambda: backend.get_did(credential, wish.did))
    dataset = wish.dataset
    holder = budget.ask(lambda: backend.get_did(credential, dataset)) if dataset else None
    described = (
        budget.ask(lambda: backend.check_metadata(credential, wish.did, wish.metadata))
        if wish.metadata
        else None
    )
    storage = _place(user, wish, storages.get(), usage.get())
    _check_new(user, wish, _known(there))
    if dataset and holder:
        check_dataset(dataset, _known(holder))
    if described:
        described.get()
    return Place(storage, scope.account)


def _check_limits(user: User, wish: Wish) -> None:
    config = get_config()
    if wish.size > config.upload_max_bytes:
        raise TooLarge(_("This file is larger than the portal takes. Ask the operators."))
    mine = Upload.objects.filter(user=user).unfinished()
    held = mine.aggregate(bytes=Sum("size"))["bytes"] or 0
    if mine.count() >= config.upload_open:
        words = _("You have %(n)d uploads under way. Finish or remove some first.")
        raise QuotaExceeded(words % {"n": config.upload_open}, limit=config.upload_open)
    if held + wish.size > config.upload_open_bytes:
        raise QuotaExceeded(
            _("Your uploads under way would take too much of the portal's disk. Finish some."),
            need=wish.size, limit=config.upload_open_bytes, used=held,
        )  # fmt: skip
    waiting = Upload.objects.filter(state=UploadState.RECEIVING).values_list("pk", "size")
    claimed = sum(size - staging.offset_of(pk) for pk, size in waiting)
    if staging.free() - claimed < wish.size:
        raise NoRoom(_("The portal's disk has no room for this file now. Try again later."))


def _check_names(wish: Wish) -> None:
    names = {"filename": wish.did.name} | ({"dataset": wish.dataset.name} if wish.dataset else {})
    for key, name in names.items():
        try:
            get_backend().check_name(name)
        except InvalidRequest as exc:
            raise InvalidRequest(f"{key}: {exc.message}", field=key) from exc


def _is_name(name: str) -> bool:
    try:
        get_backend().check_name(name)
    except InvalidRequest:
        return False
    return True


def _scope(user: User, wish: Wish) -> Scope:
    """Return the scope of the file: it and that of the dataset have to be ones to write to."""
    mine = {scope.name: scope for scope in writable_scopes(user)}
    wanted = {"scope": wish.did.scope} | ({"dataset": wish.dataset.scope} if wish.dataset else {})
    for key, scope in wanted.items():
        if scope not in mine:
            words = _("%(key)s: you may not write to the scope %(scope)s. Yours: %(scopes)s.")
            told = {"key": key, "scope": scope, "scopes": ", ".join(mine)}
            raise InvalidRequest(words % told, field=key)
    return mine[wish.did.scope]


def _place(user: User, wish: Wish, storages: tuple[Storage, ...], usage: tuple[Usage, ...]) -> str:
    rooms = {row.storage: row for row in usage}
    if not wish.storage:
        fitting = [each.name for each in storages if _suits(each, rooms.get(each.name), wish.size)]
        if fitting:
            return fitting[0]
        raise QuotaExceeded(_("No disk has room for this file in your quota."), need=wish.size)
    found = next((each for each in storages if each.name == wish.storage), None)
    if found is None or not found.is_writable:
        names = ", ".join(each.name for each in storages if each.is_writable)
        words = _("storage: %(name)s takes no files. Choose one of %(names)s.")
        raise InvalidRequest(words % {"name": wish.storage, "names": names}, field="storage")
    check_quota(user, wish, rooms.get(found.name))
    return found.name


def _suits(storage: Storage, room: Usage | None, size: int) -> bool:
    return (
        storage.is_writable
        and storage.kind is StorageKind.DISK
        and room is not None
        and (room.remaining is None or room.remaining >= size)
    )


def check_quota(user: User, wish: Wish, room: Usage | None) -> None:
    """Raise `QuotaExceeded` when quota and other uploads under way leave too little there."""
    limit, used = (room.limit, room.used) if room else (0, 0)
    if limit is None:
        return
    others = Upload.objects.filter(user=user, storage=wish.storage).unfinished()
    coming = others.exclude(did_scope=wish.did.scope, did_name=wish.did.name)
    used += coming.aggregate(bytes=Sum("size"))["bytes"] or 0
    if used + wish.size > limit or not limit:
        words = _("Your quota at %(storage)s does not suffice. Choose another storage.")
        raise QuotaExceeded(
            words % {"storage": wish.storage}, need=wish.size, limit=limit, used=used
        )


def _check_new(user: User, wish: Wish, there: DidInfo | None) -> None:
    if there is not None:
        raise _exists(wish.did)
    open_ = Upload.objects.unfinished().filter(did_scope=wish.did.scope, did_name=wish.did.name)
    found = open_.first()
    if found is not None:
        raise begun(user, found)


def begun(user: User, found: Upload) -> AlreadyThere:
    """Return what to tell of an upload that holds the name."""
    if found.user_id != user.pk:
        words = _("Somebody else is uploading a file of this name.")
        return AlreadyThere(words, url=reverse("data_mgmt:uploads"))
    words = _("An upload of this name is under way. Go on with it, or remove it.")
    return AlreadyThere(words, url=reverse("api:data-upload", kwargs={"pk": found.pk}))


def check_dataset(dataset: Did, found: DidInfo | None) -> None:
    """Raise `InvalidRequest` unless files may go into it; one that is not there will be made."""
    if found is None:
        return
    if found.type is not DidType.DATASET:
        words = _("dataset: %(did)s is a %(type)s, which holds no files.")
        told = {"did": dataset, "type": found.type.value}
        raise InvalidRequest(words % told, field="dataset")
    if not found.is_open:
        words = _("dataset: %(did)s is closed. Choose another, or a new name.")
        raise InvalidRequest(words % {"did": dataset}, field="dataset")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that would be refused, why, and what is in its way."""

    name: str
    problem: str
    url: str = ""


def conflicts(user: User, wishes: Sequence[Wish]) -> list[Refusal]:
    """Return those of files for one scope and storage that would be refused.

    Raises
    ------
    InvalidRequest
        Scope, dataset or storage is not as it may be; `field` names it.
    QuotaExceeded
        They do not fit all together.
    """
    first = wishes[0]
    scope = _scope(user, first)
    credential, backend = credential_for(user, SERVICE), get_backend()
    dataset = first.dataset
    if dataset:
        with suppress(NotFound):
            check_dataset(dataset, backend.get_did(credential, dataset))
    total = replace(first, size=sum(wish.size for wish in wishes))
    storages, usage = (
        backend.list_storages(credential),
        backend.usage(credential, account=scope.account),
    )
    _place(user, total, storages, usage)
    asked = [wish.did for wish in wishes if _is_name(wish.did.name)]
    there = {info.did for info in backend.get_dids(credential, asked)}
    open_ = Upload.objects.unfinished().filter(did_scope=first.did.scope)
    names = [wish.did.name for wish in wishes]
    begun_ = {row.did: row for row in open_.filter(did_name__in=names)}
    return [
        refusal for wish in wishes if (refusal := _refusal(user, wish, there, begun_)) is not None
    ]


def _refusal(
    user: User, wish: Wish, there: set[Did], open_: Mapping[Did, Upload]
) -> Refusal | None:
    try:
        _check_names(wish)
        if wish.size > get_config().upload_max_bytes:
            raise TooLarge(_("This file is larger than the portal takes."))
        if wish.did in there:
            raise _exists(wish.did)
        if wish.did in open_:
            raise begun(user, open_[wish.did])
    except PortalError as exc:
        return Refusal(wish.did.name, exc.message, getattr(exc, "url", ""))
    return None


def _exists(did: Did) -> AlreadyThere:
    words = _("%(did)s exists already. Choose another name.") % {"did": did}
    return AlreadyThere(words, url=reverse("data_mgmt:did", kwargs={"did": did}))


def _known(asked: Any) -> DidInfo | None:
    try:
        found: DidInfo = asked.get()
    except NotFound:
        return None
    return found
