"""All that the portal holds of a person, as a ZIP of JSON files; never a token or a hash of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model

from accounts import audit
from accounts.merging import relations, rows_of
from accounts.models import AuditEvent, User

#: What opens something, or is none of the person's business; binary fields are left out anyway.
SECRET = frozenset({"digest", "session_key", "password", "lease", "lease_until", "sealed", "sid"})
#: Tokens of the portal's own issuer: short-lived, and nothing but secrets.
SECRET_APPS = frozenset({"oauth2_provider"})
README = """What the research portal holds of you, one JSON file a kind of thing.

profile.json          your name, handle, groups, roles and state
<app>.<kind>.json     a list of rows that belong to you, with the names of the database's columns
audit.json            what was recorded of what you did, and from which address

Times are in UTC (ISO 8601), sizes in bytes. Left out are tokens and whatever opens something.
Your files are not here: they are in the storages, sessions and workflow services that hold them.
"""


def export(user: User) -> bytes:
    """Return the ZIP of a person's data."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        for name, content in _files(user):
            text = json.dumps(content, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False)
            archive.writestr(name, text)
    audit.record("account.exported", actor=user, about=("account", user.handle))
    return packed.getvalue()


def _files(user: User) -> Iterator[tuple[str, Any]]:
    yield "profile.json", _shown(user)
    for model, field in relations():
        if model._meta.app_label in SECRET_APPS:
            continue
        rows = [_shown(row) for row in rows_of(user, model, field).order_by("pk")]
        if rows:
            yield f"{model._meta.app_label}.{model._meta.model_name}.json", rows
    mine = AuditEvent.objects.filter(actor=user.pk).order_by("pk")
    yield "audit.json", [_shown(event) for event in mine]


def _shown(row: Model) -> dict[str, Any]:
    fields = (field for field in row._meta.concrete_fields if not isinstance(field, BinaryField))
    return {
        field.attname: getattr(row, field.attname) for field in fields if field.name not in SECRET
    }
