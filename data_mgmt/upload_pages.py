"""What the page of uploads shows: where files may go, and how each upload stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt import services, tus
from data_mgmt.backends import DidInfo, DidType, Storage, StorageKind, Usage
from data_mgmt.did_shapes import Asked
from data_mgmt.metadata_forms import keys_form
from data_mgmt.models_uploads import WORKED_ON, Upload, UploadState
from data_mgmt.services.acting import actors, writable_scopes
from data_mgmt.upload_forms import UploadForm
from vre_portal.components.formats import size
from vre_portal.errors import PortalError

SHOWN = 50


@dataclass(frozen=True, slots=True)
class StorageCard:
    """A storage as a place for files."""

    name: str
    place: str
    quota: str
    disabled: bool
    checked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An upload in the list."""

    upload: Upload
    sentence: str
    received: int
    value: int | None
    total: int | None
    text: str
    is_half: bool


def fits(info: DidInfo) -> bool:
    """Fit datasets that take files."""
    return info.type is DidType.DATASET and info.is_open


def here(asked: Asked) -> dict[str, Any]:
    """Return where a file for a dataset is uploaded, to those who may put it there."""
    did = asked.did
    if did.scope not in {actor.scope for actor in actors(asked.user)}:
        return {"upload_here": ""}
    query = urlencode({"scope": did.scope, "dataset": did.name})
    return {"upload_here": f"{reverse('data_mgmt:uploads')}?{query}"}


def page(
    user: User, fields: QueryDict | None, refused: PortalError | None, query: QueryDict
) -> dict[str, Any]:
    """Return the page: its form as it was sent, or fresh."""
    scopes = [(scope.name, scope.name) for scope in writable_scopes(user)]
    initial = {"scope": query.get("scope", ""), "dataset": query.get("dataset", "")}
    form = UploadForm(fields, scopes=scopes, initial={k: v for k, v in initial.items() if v})
    if refused is not None:
        _say(form, refused)
    chosen = (fields or query).get("storage", "")
    return {
        "form": form,
        "refused": refused,
        "cards": cards(services.storages(user), services.usage(user), chosen),
        "keys_form": keys_form(data=fields)
        if fields and "form-TOTAL_FORMS" in fields
        else keys_form(),
        **listing(user),
    }


def _say(form: UploadForm, refused: PortalError) -> None:
    """Tell a refusal at its field; what stands at none is told above the form."""
    name = getattr(refused, "field", None)
    form.is_valid()
    if name in form.fields and name not in form.errors:
        form.add_error(name, refused.message)


def cards(storages: Any, usage: Any, chosen: str) -> list[StorageCard]:
    """Return each storage that takes files as a choice, the first disk with room picked."""
    rooms: dict[str, Usage] = {row.storage: row for row in usage}
    open_ = [each for each in storages if each.is_writable]
    usable = [each for each in open_ if _has_room(rooms.get(each.name))]
    disks = [each for each in usable if each.kind is StorageKind.DISK] or usable
    named = [each.name for each in usable if each.name == chosen]
    picked = (named or [each.name for each in disks] or [""])[0]
    return [
        StorageCard(
            each.name,
            _place(each),
            _quota(rooms.get(each.name)),
            disabled=each not in usable,
            checked=each.name == picked,
        )
        for each in open_
    ]


def _has_room(room: Usage | None) -> bool:
    return room is not None and room.remaining != 0


def _place(storage: Storage) -> str:
    kind = _("tape") if storage.kind is StorageKind.TAPE else ""
    return ", ".join(part for part in (storage.country, kind) if part)


def _quota(room: Usage | None) -> str:
    if room is None or room.limit == 0:
        return _("You have no quota here")
    if room.remaining is None:
        return _("No limit for you here")
    told = {"free": size(room.remaining), "limit": size(room.limit)}
    return _("%(free)s of your %(limit)s are free") % told


def listing(user: User) -> dict[str, Any]:
    """Return the user's uploads: those under way or half done apart from those that ended."""
    rows = Upload.objects.visible_to(user)[:SHOWN]
    lines = [line(row) for row in rows]
    ended = {UploadState.DONE, UploadState.REFUSED}
    return {
        "open_uploads": [each for each in lines if each.upload.state not in ended],
        "ended_uploads": [each for each in lines if each.upload.state in ended],
    }


def line(upload: Upload) -> Line:
    """Return an upload as the list shows it."""
    received = tus.offset_of(upload)
    half = upload.state == UploadState.RECEIVING
    value = received if half else upload.stored_bytes
    moves = half or upload.state == UploadState.STORING
    return Line(
        upload,
        sentence(upload, received),
        received,
        value if moves else None,
        upload.size if moves else None,
        f"{size(value)} / {size(upload.size)}",
        is_half=half,
    )


def sentence(upload: Upload, received: int) -> str:
    """Return how an upload is, and what to do."""
    told = {"storage": upload.storage, "size": size(upload.size), "here": size(received)}
    texts = {
        UploadState.RECEIVING: _(
            "%(here)s of %(size)s have come. Choose the same file to go on, or remove it."
        ),
        UploadState.CHECKING: _("All of it is here: its checksum is compared."),
        UploadState.STORING: _("On its way to %(storage)s."),
        UploadState.REGISTERING: _("At %(storage)s; it is being registered in Rucio."),
        UploadState.DONE: _("%(size)s at %(storage)s."),
        UploadState.FAILED: _("Not stored, and the bytes are still here."),
        UploadState.REFUSED: "",
    }
    text = texts[UploadState(upload.state)] % told
    return f"{text} {upload.reason}".strip()


def is_moving(lines: list[Line]) -> bool:
    """Whether something changes by itself."""
    return any(each.upload.state in WORKED_ON for each in lines)
