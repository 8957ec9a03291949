"""Whether outputs of a run may be registered: everything that can be known before a byte moves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, StorageKind, Value, get_backend
from data_mgmt.services import own_scope, upload_checks
from data_mgmt.services.acting import scope_of
from data_mgmt.services.replicas import check as check_numbers
from data_mgmt.services.upload_checks import Wish
from reproducibility.models import FileState, RegisteredFile, Registration, Run
from reproducibility.services import provenance, run_contents, workspace
from reproducibility.services.inputs import AUDIENCE
from reproducibility.services.workspace import Entry
from vre_portal.errors import Conflict, InvalidRequest, NotFound, QuotaExceeded

MOST_FILES = 1_000
#: What Rucio takes in names.
_ODD = re.compile(r"[^A-Za-z0-9._/\-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants registered: without a scope their own, without files all outputs.

    Without a storage the first disk that has room for all takes them.
    """

    dataset: str
    scope: str = ""
    storage: str = ""
    lifetime_days: int | None = None
    files: tuple[str, ...] = field(default=())


class AlreadyRegistered(Conflict):
    """A file of the run is in Rucio already, or on its way there."""

    def __init__(self, message: str, *, url: str) -> None:
        super().__init__(message)
        self.url = url

    def members(self) -> dict[str, Any]:
        """Lead to it."""
        return {"field": "files", "url": self.url}


def planned(user: User, run: Run, asked: Asked) -> tuple[Registration, list[RegisteredFile]]:
    """Return what would be written, unsaved.

    Raises
    ------
    InvalidRequest
        A name, storage or file is not as it may be; `field` names it.
    AlreadyRegistered
        One of the files is.
    Conflict
        The run still goes on, or has no workspace any more.
    Forbidden
        A file is an input that is under an embargo.
    QuotaExceeded
        There is no room for them.
    """
    if run.active:
        raise Conflict(_("The run still goes on: register what it gave once it has ended."))
    check_numbers(1, asked.lifetime_days, "")
    dataset = Did(asked.scope or own_scope(user), asked.dataset.strip())
    entries = _chosen(run, asked.files)
    names = dict(zip((entry.path for entry in entries), names_of(dataset, entries), strict=True))
    size = sum(entry.size for entry in entries)
    registration = Registration(
        run=run,
        user=user,
        scope=dataset.scope,
        name=dataset.name,
        storage=asked.storage or first_with_room(user, dataset.scope, size),
        lifetime_days=asked.lifetime_days,
        metadata=provenance.provenance_of(run),
    )
    files = [
        RegisteredFile(registration=registration, run=run, path=entry.path, size=entry.size,
                       name=names[entry.path], sha256=entry.sha256)
        for entry in entries
    ]  # fmt: skip
    _check(registration, files)
    return registration, files


def _chosen(run: Run, paths: Sequence[str]) -> list[Entry]:
    there = workspace.read(run)
    known = {file.path: file for file in there.files}
    missing = [path for path in paths if path not in known]
    if missing:
        words = _("files: %(path)s is not in the run's workspace.")
        raise InvalidRequest(words % {"path": missing[0]}, field="files")
    entries = [known[path] for path in dict.fromkeys(paths)] or there.outputs
    if not entries:
        raise InvalidRequest(_("files: choose at least one."), field="files")
    if len(entries) > MOST_FILES:
        words = _("files: register at most %(n)d at once.")
        raise InvalidRequest(words % {"n": MOST_FILES}, field="files")
    _check_new(run, [entry.path for entry in entries])
    for entry in entries:
        run_contents.check_input(run, entry.path)
    return entries


def _check_new(run: Run, paths: Sequence[str]) -> None:
    rows = RegisteredFile.objects.filter(run=run, path__in=paths).exclude(state=FileState.FAILED)
    found = rows.select_related("registration").first()
    if found is not None:
        raise registered_already(found)


def registered_already(found: RegisteredFile) -> AlreadyRegistered:
    """Return what to tell of a file that is registered, or just being."""
    args = (found.run_id, found.registration_id)
    words = _("%(path)s of this run is registered already, as %(did)s.")
    url = reverse("reproducibility:registration", args=args)
    return AlreadyRegistered(words % {"path": found.path, "did": found.did}, url=url)


def names_of(dataset: Did, entries: Sequence[Entry]) -> list[str]:
    """Return the files' names: below that of the dataset, odd signs as ``_``, each only once."""
    taken: set[str] = set()
    found = []
    for entry in entries:
        plain = "/".join(_ODD.sub("_", part) for part in entry.path.split("/"))
        name, number = f"{dataset.name}/{plain}", 1
        while name in taken:
            number += 1
            name = f"{dataset.name}/{plain}-{number}"
        taken.add(name)
        found.append(name)
    return found


def first_with_room(user: User, scope: str, size: int) -> str:
    """Return the first disk with room for so many bytes in the quota of whoever has the scope."""
    account = scope_of(user, scope).account
    credential, backend = credential_for(user, AUDIENCE), get_backend()
    rooms = {row.storage: row for row in backend.usage(credential, account=account)}
    for storage in backend.list_storages(credential):
        room = rooms.get(storage.name)
        fits = room is not None and (room.remaining is None or room.remaining >= size)
        if fits and storage.is_writable and storage.kind is StorageKind.DISK:
            return storage.name
    raise QuotaExceeded(_("No disk has room for these files in your quota."), need=size)


def wish_of(registration: Registration, file: RegisteredFile) -> Wish:
    """Return a file as the uploads take it: its checksum, where known, is compared on the way."""
    return Wish(
        did=Did(registration.scope, file.name),
        size=file.size,
        storage=registration.storage,
        dataset=registration.dataset,
        lifetime_days=registration.lifetime_days,
        checksum=("sha256", file.sha256) if file.sha256 else None,
        metadata=_said_of(registration, file),
    )


def _said_of(registration: Registration, file: RegisteredFile) -> dict[str, Value]:
    if registration.campaign is not None:
        return provenance.of_campaign_file(registration.campaign, file.sha256)
    return provenance.of_file(registration.the_run, file.path, file.sha256)


def _check(registration: Registration, files: Sequence[RegisteredFile]) -> None:
    _check_dataset(registration)
    check_wishes(registration, [wish_of(registration, file) for file in files])


def check_wishes(registration: Registration, wishes: Sequence[Wish]) -> None:
    """Ask all that the uploads would refuse later, and what Rucio would not have described."""
    user, dataset = registration.user, registration.dataset
    refusals = upload_checks.conflicts(user, wishes)
    if refusals:
        first = refusals[0]
        raise InvalidRequest(f"{first.name}: {first.problem}", field="dataset")
    credential = credential_for(user, AUDIENCE)
    get_backend().check_metadata(credential, dataset, registration.metadata)


def _check_dataset(registration: Registration) -> None:
    """Refuse a dataset of something else: this one says that the run made what is in it."""
    dataset = registration.dataset
    same = Registration.objects.filter(scope=dataset.scope, name=dataset.name)
    if not same.filter(run=registration.run).exists():
        check_free(registration.user, dataset)


def check_free(user: User, dataset: Did) -> None:
    """Refuse a name that Rucio does not take, or has already."""
    try:
        get_backend().check_name(dataset.name)
        get_backend().get_did(credential_for(user, AUDIENCE), dataset)
    except NotFound:
        return
    except InvalidRequest as exc:
        raise InvalidRequest(f"dataset: {exc.message}", field="dataset") from exc
    else:
        words = _("dataset: %(did)s exists already. Choose another name.")
        raise InvalidRequest(words % {"did": dataset}, field="dataset")
