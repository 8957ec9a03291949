"""What people type about approvals and quotas: what to list, a note, a size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.address_texts import MAX_TEXT, text_of
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.models_approvals import MAX_NOTE
from vre_portal.components.formats import UNITS
from vre_portal.errors import InvalidRequest

PARTS = ("storage", "scope", "asker", "name")
SIZE = re.compile(r"([0-9]{1,15}(?:[.,][0-9]{1,6})?)\s*([KMGTPE]?)I?B?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which waiting rules a list shows, as an address holds it; ``*`` stands for any text."""

    storage: str = ""
    scope: str = ""
    asker: str = ""
    name: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Self:
        """Read the parts.

        Raises
        ------
        InvalidRequest
            One is too long; `field` names it.
        """
        return cls(**{key: text_of(query, key) for key in PARTS})

    @property
    def question(self) -> RuleQuestion:
        """The question to the data service."""
        return RuleQuestion(None, self.asker, self.storage, self.scope, self.name)


class QueueForm(forms.Form):
    """The filters of the queue."""

    storage = forms.CharField(label=lazy("Storage"), required=False, max_length=MAX_TEXT)
    scope = forms.CharField(label=lazy("Scope"), required=False, max_length=MAX_TEXT)
    name = forms.CharField(label=lazy("Name"), required=False, max_length=MAX_TEXT)
    asker = forms.CharField(label=lazy("Account"), required=False, max_length=MAX_TEXT)


def size_of(text: str, field: str) -> int:
    """Read ``500 GiB`` as bytes; K, M, G, T and P are binary.

    Raises
    ------
    InvalidRequest
        It is no size; `field` names the field.
    """
    found = SIZE.fullmatch(text.strip())
    if found is None:
        words = _("%(field)s: write a size as 500 GiB or 1.5 TiB.")
        raise InvalidRequest(words % {"field": field}, field=field)
    power = " KMGTPE".index(found[2].upper() or " ")
    return int(Decimal(found[1].replace(",", ".")) * 1024**power)


def size_text(size: int) -> str:
    """Return bytes as somebody would type them, without losing any."""
    power = 0
    while size and power < len(UNITS) - 1 and size % 1024 == 0:
        size, power = size // 1024, power + 1
    return f"{size} {UNITS[power]}"


def offered_text(size: int) -> str:
    """Return a size for a form to begin with: from a GiB on, the next whole one."""
    unit = 1024**3
    return size_text(-(-size // unit) * unit if size > unit else size)


class SizeField(forms.CharField):
    """A size with its unit."""

    def clean(self, value: Any) -> int:
        """Return the bytes."""
        text = super().clean(value)
        try:
            return size_of(text, "bytes")
        except InvalidRequest as exc:
            raise forms.ValidationError(exc.message) from exc


class NoteForm(forms.Form):
    """What a data manager writes to the asker."""

    note = forms.CharField(
        label=lazy("Note to the asker"),
        required=False,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DenyForm(NoteForm):
    """The note that has to be there when something is denied."""

    note = forms.CharField(
        label=lazy("Note to the asker"),
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": lazy("note: say why it is denied; the asker reads it.")},
    )


class GrantForm(NoteForm):
    """How much a data manager grants."""

    bytes = SizeField(label=lazy("Limit in all"), help_text=lazy("As 500 GiB or 1.5 TiB."))
    field_order = ("bytes", "note")


class AskQuotaForm(forms.Form):
    """A wish for quota."""

    storage = forms.ChoiceField(label=lazy("Storage"))
    bytes = SizeField(
        label=lazy("Limit you need there, in all"), help_text=lazy("As 500 GiB or 1.5 TiB.")
    )
    reason = forms.CharField(
        label=lazy("What it is for"),
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": lazy("reason: say what it is for; who decides reads it."),
        },
    )

    def __init__(self, *args: Any, storages: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["storage"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name) for name in storages]


def keys_of(texts: Iterable[str], field: str) -> list[UUID]:
    """Read what was chosen.

    Raises
    ------
    InvalidRequest
        One is no id, or nothing is chosen; `field` names the field.
    """
    try:
        found = [UUID(text) for text in texts]
    except ValueError as exc:
        raise InvalidRequest(
            _("%(field)s: this is no id.") % {"field": field}, field=field
        ) from exc
    if not found:
        raise InvalidRequest(_("Choose at least one."), field=field)
    return found
