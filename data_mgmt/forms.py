"""What people type: a search, and a wish for a copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.backends import DidType
from data_mgmt.services import Terms
from data_mgmt.services.replicas import MAX_COMMENT, MAX_LIFETIME_DAYS
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, PortalError

OPERATORS = ("gte", "lte", "gt", "lt", "ne")
MAX_PATTERN = 250


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search as an address holds it."""

    scope: str
    pattern: str = "*"
    type: DidType | None = None
    filters: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Self:
        """Read ``scope``, ``name`` or ``q``, ``type`` and ``filter``.

        Raises
        ------
        InvalidRequest
            One of them can't be read; `field` names it.
        """
        scope = str(query.get("scope", "")).strip()
        if not scope or "/" in scope:
            raise InvalidRequest(_("Choose a scope."), field="scope")
        text = str(query.get("q", "")).strip()
        pattern = f"*{text}*" if text else str(query.get("name", "")).strip() or "*"
        if len(pattern) > MAX_PATTERN or "\x00" in pattern:
            raise InvalidRequest(_("The name is too long."), field="name")
        return cls(scope, pattern, _type(query), _filters(str(query.get("filter", "")).strip()))


def _type(query: Mapping[str, Any]) -> DidType | None:
    asked = query.get("type") or "all"
    if asked == "all":
        return None
    try:
        return DidType(asked)
    except ValueError as exc:
        raise InvalidRequest(
            _("type is one of all, file, dataset, container."), field="type"
        ) from exc


def _filters(text: str) -> Mapping[str, Any] | None:
    """Read ``instrument=LIGO,gps_start.gte=968000000``: all of it must hold."""
    found: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, wanted = part.partition("=")
        operator = key.rpartition(".")[2] if "." in key else ""
        if not equals or not key or (operator and operator not in OPERATORS):
            raise InvalidRequest(
                _("Write the filter as key=value, with key.gte, .lte, .gt, .lt or .ne."),
                field="filter",
            )
        found[key] = _value(wanted.strip())
    return found or None


def _value(text: str) -> str | int | float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


class SearchForm(forms.Form):
    """The search of the data page."""

    scope = forms.ChoiceField(label=lazy("Scope"), required=False)
    name = forms.CharField(
        label=lazy("Name"),
        required=False,
        max_length=MAX_PATTERN,
        widget=forms.TextInput(attrs={"placeholder": lazy("any, or a part: dimuon*")}),
    )
    type = forms.ChoiceField(
        label=lazy("Type"),
        required=False,
        choices=[
            ("", lazy("All")),
            ("container", lazy("Containers")),
            ("dataset", lazy("Datasets")),
            ("file", lazy("Files")),
        ],
    )

    def __init__(self, *args: Any, scopes: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scope"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", lazy("All scopes")), *((scope, scope) for scope in scopes)]


class CopiesForm(forms.Form):
    """A wish for copies, whatever of; the storages stand on cards beside it."""

    lifetime_days = forms.IntegerField(
        label=lazy("Lifetime in days"),
        required=False,
        min_value=1,
        max_value=MAX_LIFETIME_DAYS,
        help_text=lazy("Empty: kept until you cancel it."),
        error_messages={
            "invalid": lazy("Give a whole number of days, or leave it empty."),
            "min_value": lazy("Give a lifetime from 1 to 3650 days, or leave it empty."),
            "max_value": lazy("Give a lifetime from 1 to 3650 days, or leave it empty."),
        },
    )
    activity = forms.ChoiceField(
        label=lazy("Activity"),
        required=False,
        help_text=lazy("What it is for; Rucio orders transfers by it."),
    )
    comment = forms.CharField(label=lazy("Comment"), required=False, max_length=MAX_COMMENT)
    account = forms.CharField(required=False, max_length=30)
    confirm_large = forms.BooleanField(required=False, widget=forms.HiddenInput)
    ask_approval = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["activity"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name) for name in get_config().replica_activities]

    def clean(self) -> None:
        """Miss the storage where none is picked."""
        if not self.storages():
            raise forms.ValidationError(_("Pick the storage that the copy goes to."))

    def storages(self) -> list[str]:
        """Return the storages that were picked."""
        getlist = getattr(self.data, "getlist", None)
        return [name for name in getlist("storage") if name] if getlist else []

    def terms(self) -> Terms:
        """Return on which terms the copies are wanted."""
        return Terms(**self.cleaned_data)

    def refuse(self, error: PortalError) -> None:
        """Show what was refused at its field, or above all where the page has no such field."""
        name = getattr(error, "field", None)
        shown = name in self.fields and not self.fields[name].widget.is_hidden
        self.add_error(name if shown else None, error.message)
