"""What people fill in for an upload, and how it is read where a plain form brings the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User
from data_mgmt import tus
from data_mgmt.metadata_forms import KeysFormSet, keys_form
from data_mgmt.services.upload_checks import Wish
from vre_portal.errors import InvalidRequest

FOREVER = ""
LIFETIMES = (
    ("30", lazy("30 days")),
    ("90", lazy("90 days")),
    ("365", lazy("a year")),
    (FOREVER, lazy("until I let it go")),
)
#: What Rucio takes in names; the page's script does the same.
_ODD = re.compile(r"[^A-Za-z0-9._/\-]+")


class UploadForm(forms.Form):
    """Where files go and what they become."""

    scope = forms.ChoiceField(label=lazy("Scope"))
    dataset = forms.CharField(
        label=lazy("Dataset"),
        required=False,
        max_length=280,
        help_text=lazy("A new name makes a new dataset; empty leaves the files on their own."),
    )
    lifetime = forms.ChoiceField(
        label=lazy("Keep for"), required=False, choices=LIFETIMES, initial=FOREVER
    )
    storage = forms.CharField(
        error_messages={"required": lazy("Pick the storage that the files go to.")}
    )

    def __init__(self, *args: Any, scopes: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scope"]
        if isinstance(field, forms.ChoiceField):
            field.choices = list(scopes)


def plain_name(text: str) -> str:
    """Return a file's name as Rucio takes one: odd signs become ``_``."""
    name = _ODD.sub("_", re.split(r"[/\\]", text)[-1])
    return name.lstrip("._-") or "file"


def wish_of(user: User, fields: QueryDict, *, filename: str, size: int) -> Wish:
    """Read what a form wants to upload.

    Raises
    ------
    InvalidRequest
        Something can't be read; `field` names it.
    """
    if not fields.get("storage"):
        raise InvalidRequest(_("Pick the storage that the files go to."), field="storage")
    told = {name: fields.get(name, "") for name in ("scope", "dataset", "storage", "lifetime")}
    wish = tus.wish(user, {**told, "filename": plain_name(filename)}, size)
    wish.metadata.update(_keys(keys_form(data=fields)))
    return wish


def _keys(rows: KeysFormSet) -> dict[str, Any]:
    if "form-TOTAL_FORMS" not in rows.data:
        return {}
    if not rows.is_valid():
        faults = [
            str(text) for form in rows.forms for texts in form.errors.values() for text in texts
        ]
        told = " ".join([*map(str, rows.non_form_errors()), *faults])
        raise InvalidRequest(_("Metadata: %(fault)s") % {"fault": told}, field="metadata")
    return {change.key: change.wanted for change in rows.changes() if change.wanted is not None}
