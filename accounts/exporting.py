"""All that the portal holds of a person, as a ZIP of JSON files; never a token or a hash of one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model, Q, QuerySet

from accounts import audit, people
from accounts.merging import relations
from accounts.models import AuditEvent, Identity, User
from accounts.rotation import sealed

#: Models that are left out, and why; every other model has to lead to a person.
LEFT_OUT = {
    "accounts.auditevent": "written as audit.json",
    "accounts.heardlogout": "of no person: numbers of logout tokens",
    "accounts.institution": "of no person: the sign-in page's list",
    "auth.group": "of no person, and not used",
    "auth.group_permissions": "of no person, and not used",
    "auth.permission": "of no person, and not used",
    "contenttypes.contenttype": "of no person: the names of the tables",
    "data_mgmt.indexeddid": "of no person: a copy of what Rucio lists",
    "data_mgmt.indexedscope": "of no person: how far the index is",
    "data_mgmt.waitingrule": "of no person: which rules wait in Rucio",
    "oauth2_provider.application": "of no person: satellites come from the configuration",
    "oauth2_provider.devicegrant": "a code of minutes, nothing but a secret",
    "oauth2_provider.grant": "a code of minutes, nothing but a secret",
    "sessions.session": "opens a signed-in browser; accounts.websession tells of each",
}
#: Fields that are left out, and why, wherever they stand.
SECRET = {
    "digest": "the hash of an API token",
    "jti": "names an id_token of the portal's issuer",
    "lease": "a worker's claim, of no person",
    "lease_until": "a worker's claim, of no person",
    "password": "never set: people sign in at their institute",
    "session_key": "opens a signed-in browser",
    "sid": "names the sign-in at the provider",
    "token": "opens what it was given for",
    "token_checksum": "the hash of a token",
    "token_family": "names tokens that belong together",
}
#: References that do not make a row the person's own, and why.
OTHERS = {
    ("accounts.pendinglink", "other"): "belongs to the account that asks to be linked",
    ("data_mgmt.quotarequest", "decided_by"): "belongs to who asked for the quota",
}
ROWS_AT_ONCE = 500
README = """What the research portal holds of you, one JSON file a kind of thing.

profile.json          your name, handle, groups, roles and state
<app>.<kind>.json     a list of rows that belong to you, with the names of the database's columns
files/                contents that the portal's database holds; the rows name them
audit.json            what was recorded of what you did and what was done to your account; what an
                      operator did says so, without who it was

Times are in UTC (ISO 8601), sizes in bytes. Left out are tokens and whatever opens something.
Your other files are not here: they are in the storages, sessions and workflow services that hold
them.
"""


def export(user: User) -> IO[bytes]:
    """Return an open file, the ZIP of a person's data; it is on disk, and goes when closed."""
    packed = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    try:
        with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
            _fill(archive, user)
    except BaseException:
        packed.close()
        raise
    audit.record("account.exported", actor=user, about=("account", user.handle))
    packed.seek(0)
    return packed


def ways() -> dict[type[Model], list[str]]:
    """Return for each model that is exported the lookups that lead from its rows to their person.

    A model that refers to people itself is theirs by that alone: a run of somebody's analysis is
    its starter's. Others belong to the owner of what they refer to, over any number of steps.
    """
    found: dict[type[Model], list[str]] = {User: ["merged_into"]}
    for model, field in relations():
        if (model._meta.label_lower, field) not in OTHERS:
            found.setdefault(model, []).append(field)
    rest = [model for model in apps.get_models(include_auto_created=True) if model not in found]
    while further := {model: led for model in rest if (led := _by_way_of(model, found))}:
        found |= further
        rest = [model for model in rest if model not in further]
    return {model: led for model, led in found.items() if model._meta.label_lower not in LEFT_OUT}


def _by_way_of(model: type[Model], found: Mapping[type[Model], list[str]]) -> list[str]:
    parents = [field for field in model._meta.concrete_fields if field.related_model in found]
    return [
        f"{field.name}__{way}"
        for field in parents
        for way in found[field.related_model]  # type: ignore[index]  # a model, as was just asked
    ]


def _fill(archive: ZipFile, user: User) -> None:
    archive.writestr("README.txt", README)
    archive.writestr("profile.json", _json(_shown(user)))
    for model, led in ways().items():
        label = model._meta.label_lower
        mine = Q()
        for way in led:
            mine |= Q(**{way: user})
        keys = model._default_manager.filter(mine).values("pk")
        rows = model._default_manager.filter(pk__in=keys).order_by("pk")
        contents = [] if model in sealed() else _binaries(model)
        shown = (_shown(row, contents) for row in _read(rows.defer(*_binaries(model))))
        _write(archive, f"{label}.json", shown)
        for field in contents:
            for key, content in rows.values_list("pk", field).iterator(chunk_size=1):
                archive.writestr(_place(label, field, key), bytes(content))
    selves = [user, *people.absorbed_by(user)]
    events = (_told(event, selves) for event in _read(_events(selves)))
    _write(archive, "audit.json", events)


def _read(rows: QuerySet[Any]) -> Iterator[Any]:
    return rows.iterator(chunk_size=ROWS_AT_ONCE)


def _write(archive: ZipFile, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of rows, one after the other; none when there are none."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    with archive.open(name, "w", force_zip64=True) as file:
        file.write(b"[" + _json(first))
        for row in rows:
            file.write(b",\n" + _json(row))
        file.write(b"]\n")


def _json(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False).encode()


def _binaries(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, BinaryField)]


def _place(label: str, field: str, key: object) -> str:
    return f"files/{label}/{key}.{field}"


def _shown(row: Model, contents: Iterable[str] = ()) -> dict[str, Any]:
    fields = (field for field in row._meta.concrete_fields if not isinstance(field, BinaryField))
    shown = {
        field.attname: getattr(row, field.attname) for field in fields if field.name not in SECRET
    }
    label = row._meta.label_lower
    return shown | {field: _place(label, field, row.pk) for field in contents}


def _events(selves: Sequence[User]) -> QuerySet[AuditEvent]:
    """Return what the person did, what was done to their account, and refused sign-ins."""
    keys, handles = [one.pk for one in selves], [one.handle for one in selves]
    wanted = Q(actor__in=keys) | Q(object_kind="account", object_id__in=handles)
    for identity in Identity.objects.filter(user__in=keys):
        wanted |= Q(issuer=identity.issuer, subject=identity.subject, actor=None)
    return AuditEvent.objects.filter(wanted).order_by("at", "pk")


def _told(event: AuditEvent, selves: Sequence[User]) -> dict[str, Any]:
    """Return an entry without what it says of others."""
    told = _shown(event)
    if event.actor is not None and event.actor not in {one.pk for one in selves}:
        told |= {"actor": None, "actor_name": "an operator", "address": None, "request_id": ""}
    return told
