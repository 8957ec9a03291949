"""The form that describes a DID: one row a key, each value with its type."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.backends import Value
from data_mgmt.models_metadata import MAX_KEY
from data_mgmt.services.describing import Change, same
from vre_portal.errors import InvalidRequest

TEXT, INTEGER, FLOAT, BOOLEAN = "text", "integer", "float", "boolean"
KINDS = (
    (TEXT, lazy("Text")),
    (INTEGER, lazy("Whole number")),
    (FLOAT, lazy("Number")),
    (BOOLEAN, lazy("Yes or no")),
)
MAX_TEXT = 4000
NEW_ROWS = 2
_KEY = re.compile(r"[^\s.\x00-\x1f\x7f](?:[^.\x00-\x1f\x7f]*[^\s.\x00-\x1f\x7f])?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
#: What every tool reads back as it was written.
_LARGEST = 2**63 - 1


def parsed(kind: str, text: str) -> Value:
    """Return a value of a kind, or raise `ValidationError` that says how one is written."""
    text = text.strip()
    reader = {INTEGER: _whole, FLOAT: _number, BOOLEAN: _truth}.get(kind, _text)
    return reader(text)


def _text(text: str) -> Value:
    if not text:
        raise ValidationError(_("Write a value, or remove the key."))
    if len(text) > MAX_TEXT or "\x00" in text:
        raise ValidationError(_("Write at most 4,000 characters."))
    return text


def _whole(text: str) -> Value:
    if not _WHOLE.fullmatch(text):
        raise ValidationError(_("Write a whole number, such as 42."))
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        raise ValidationError(_("This number is too large: write it as text."))
    return int(text)


def _number(text: str) -> Value:
    if not _NUMBER.fullmatch(text):
        raise ValidationError(_("Write a number with a point, such as 13.6 or 2.5e-3."))
    if not math.isfinite(float(text)):
        raise ValidationError(_("This number is too large: write it as text."))
    return float(text)


def _truth(text: str) -> Value:
    if text.lower() not in _TRUTHS:
        raise ValidationError(_("Write true or false."))
    return _TRUTHS[text.lower()]


def check_key(key: str) -> str:
    """Return a key of metadata, or raise `InvalidRequest`."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        words = _("A key has at most 100 characters, no dot and no line break.")
        raise InvalidRequest(words, field="key")
    return key


def check_value(key: str, value: Value) -> Value:
    """Return a value that came as JSON, or raise `InvalidRequest`."""
    try:
        return value if isinstance(value, bool) else parsed(kind_of(value), text_of(value))
    except ValidationError as exc:
        raise InvalidRequest(f"{key}: {exc.messages[0]}", field=key) from exc


def kind_of(value: Any) -> str:
    """Return the kind of a value, or nothing where it is a list or the like."""
    if isinstance(value, bool):
        return BOOLEAN
    kinds = {str: TEXT, int: INTEGER, float: FLOAT}
    return next((kind for type_, kind in kinds.items() if isinstance(value, type_)), "")


def text_of(value: Any) -> str:
    """Return a value as the form writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class KeyForm(forms.Form):
    """One key."""

    #: The value that the page showed; empty in the row of a new key.
    shown = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    key = forms.CharField(label=lazy("Key"), max_length=MAX_KEY, required=False)
    kind = forms.ChoiceField(label=lazy("Type"), choices=KINDS, required=False)
    value = forms.CharField(label=lazy("Value"), required=False, max_length=MAX_TEXT + 100)
    remove = forms.BooleanField(label=lazy("Remove"), required=False)

    change: Change | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self["shown"].value():
            self.fields["key"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Work out what is to be written, if anything."""
        data = self.cleaned_data
        if self.errors:
            return data
        shown = self._shown(data["shown"])
        if not data["key"]:
            if data["value"].strip():
                self.add_error("key", _("Name the key."))
            return data
        if not _KEY.fullmatch(data["key"]):
            self.add_error("key", _("A key has no dot and no line break."))
            return data
        untouched = data["value"] == text_of(shown) and data["kind"] == kind_of(shown)
        if data["remove"] and shown is not None:
            self.change = Change(data["key"], None, shown)
        elif shown is None or not untouched:
            self._set(data, shown)
        return data

    def _shown(self, text: str) -> Any:
        try:
            return json.loads(text) if text else None
        except ValueError:
            self.add_error(None, _("Load the page again: what it showed can't be read."))
            return None

    def _set(self, data: Mapping[str, Any], shown: Any) -> None:
        try:
            wanted = parsed(data["kind"] or TEXT, data["value"])
        except ValidationError as exc:
            self.add_error("value", exc)
            return
        if shown is None or not same(wanted, shown):
            self.change = Change(data["key"], wanted, shown)


if TYPE_CHECKING:
    _KeyForms = BaseFormSet[KeyForm]
else:
    _KeyForms = BaseFormSet


class KeysFormSet(_KeyForms):
    """All keys of a DID that are plain values, and some empty rows for new ones."""

    def clean(self) -> None:
        """Refuse a key that stands twice."""
        keys = [form.cleaned_data.get("key") for form in self.forms if form.is_valid()]
        named = [key for key in keys if key]
        double = next((key for key in named if named.count(key) > 1), None)
        if double:
            raise ValidationError(_("%(key)s stands here twice.") % {"key": double})

    def changes(self) -> Sequence[Change]:
        """Return what is to be written."""
        return [form.change for form in self.forms if form.change]


_KeysFormSet = formset_factory(KeyForm, formset=KeysFormSet, extra=NEW_ROWS, max_num=500)


def keys_form(metadata: Mapping[str, Any] | None = None, data: Any = None) -> KeysFormSet:
    """Return the form of a DID's keys, or what somebody sent of it."""
    if data is not None:
        return cast("KeysFormSet", _KeysFormSet(data))
    known = [(key, value) for key, value in (metadata or {}).items() if kind_of(value)]
    return cast("KeysFormSet", _KeysFormSet(initial=[_row(key, value) for key, value in known]))


def _row(key: str, value: Any) -> dict[str, str]:
    shown = json.dumps(value)
    return {"shown": shown, "key": key, "kind": kind_of(value), "value": text_of(value)}
