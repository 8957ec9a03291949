"""What people type about requests: which to list, how long to keep them, which to change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.address_texts import MAX_TEXT, text_of
from data_mgmt.models import ACTIVE, ReplicaRequestQuerySet, RequestState
from vre_portal.errors import InvalidRequest

FOREVER = "none"
UNDER_WAY = "active"
LIFETIMES = (
    ("7", lazy("a week from now")),
    ("30", lazy("30 days from now")),
    ("90", lazy("90 days from now")),
    ("180", lazy("half a year from now")),
    ("365", lazy("a year from now")),
    (FOREVER, lazy("until I let it go")),
)


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """Which requests a list shows, as an address holds it; ``*`` stands for any text."""

    state: str = ""
    storage: str = ""
    scope: str = ""
    name: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Self:
        """Read ``state``, ``storage``, ``scope`` and ``name``.

        Raises
        ------
        InvalidRequest
            One of them can't be read; `field` names it.
        """
        found = {key: text_of(query, key) for key in ("state", "storage", "scope", "name")}
        if found["state"] and found["state"] not in {UNDER_WAY, *RequestState.values}:
            names = ", ".join([UNDER_WAY, *RequestState.values])
            raise InvalidRequest(
                _("state: give one of %(names)s.") % {"names": names}, field="state"
            )
        return cls(**found)

    @property
    def is_empty(self) -> bool:
        """Whether it leaves nothing out."""
        return not (self.state or self.storage or self.scope or self.name)

    def of_those(self, rows: ReplicaRequestQuerySet) -> ReplicaRequestQuerySet:
        """Return the requests that fit."""
        if self.state:
            states = ACTIVE if self.state == UNDER_WAY else (self.state,)
            rows = rows.filter(state__in=states)
        texts = {"storage": self.storage, "did_scope": self.scope, "did_name": self.name}
        for column, text in texts.items():
            if "*" in text:
                rows = rows.filter(**{f"{column}__regex": _pattern(text)})
            elif text:
                rows = rows.filter(**{column: text})
        return rows


def _pattern(text: str) -> str:
    return "^" + ".*".join(re.escape(part) for part in re.split(r"\*+", text)) + "$"


class FilterForm(forms.Form):
    """The filters of the list."""

    state = forms.ChoiceField(
        label=lazy("State"),
        required=False,
        choices=[
            ("", lazy("Any")),
            (UNDER_WAY, lazy("Under way")),
            (RequestState.STUCK, lazy("Stuck")),
            (RequestState.REPLICATING, lazy("Replicating")),
            (RequestState.WAITING_APPROVAL, lazy("Waits for approval")),
            (RequestState.PREPARING, lazy("Preparing")),
            (RequestState.OK, lazy("Complete")),
            (RequestState.FAILED, lazy("Failed")),
            (RequestState.CANCELLED, lazy("Cancelled")),
            (RequestState.EXPIRED, lazy("Expired")),
        ],
    )
    storage = forms.CharField(label=lazy("Storage"), required=False, max_length=MAX_TEXT)
    scope = forms.CharField(label=lazy("Scope"), required=False, max_length=MAX_TEXT)
    name = forms.CharField(
        label=lazy("Name"),
        required=False,
        max_length=MAX_TEXT,
        widget=forms.TextInput(attrs={"placeholder": lazy("a name, or a part of it: dimuon*")}),
    )


class LifetimeForm(forms.Form):
    """How long a copy is kept."""

    lifetime_days = forms.ChoiceField(
        label=lazy("Keep it"),
        choices=LIFETIMES,
        initial="30",
        error_messages={
            "required": lazy("lifetime_days: choose how long it is kept."),
            "invalid_choice": lazy("lifetime_days: choose one of the lifetimes offered."),
        },
    )

    def days(self) -> int | None:
        """Return the days that were chosen, None for no end."""
        text = self.cleaned_data["lifetime_days"]
        return None if text == FOREVER else int(text)


def keys_of(texts: list[str]) -> list[UUID]:
    """Read the chosen requests.

    Raises
    ------
    InvalidRequest
        One is no id.
    """
    try:
        return [UUID(text) for text in texts]
    except ValueError as exc:
        raise InvalidRequest(_("pk: this is no request."), field="pk") from exc
