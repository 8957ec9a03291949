"""What people type about collections: a new one, a list of DIDs, an embargo, a name to erase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.backends import Did, DidType
from data_mgmt.services.acting import Scope
from data_mgmt.services.collecting import MOST
from data_mgmt.services.damage import MAX_REASON
from vre_portal.errors import InvalidRequest, PortalError

_BETWEEN = re.compile(r"[\s,;]+")
MAX_TEXT = 1_000_000


def dids_of(text: str) -> list[Did]:
    """Read DIDs that stand between spaces, commas, semicolons or line breaks, each once.

    Raises
    ------
    InvalidRequest
        One can't be read, or they are too many; `field` is ``dids``.
    """
    words = dict.fromkeys(filter(None, _BETWEEN.split(text)))
    if len(words) > MOST:
        told = _("Give at most %(most)d DIDs at once; here are %(here)d.")
        raise InvalidRequest(told % {"most": MOST, "here": len(words)}, field="dids")
    found = []
    for word in words:
        try:
            found.append(Did.parse(word))
        except InvalidRequest as exc:
            told = _("%(word)s is not a DID. Write each as scope:name.") % {"word": word[:80]}
            raise InvalidRequest(told, field="dids") from exc
    return found


class Refusing(forms.Form):
    """A form that shows what a service refuses at its field."""

    def refuse(self, error: PortalError) -> None:
        """Show it at the field that it names, or above all."""
        name = getattr(error, "field", None)
        self.add_error(name if name in self.fields else None, error.message)


class ListForm(Refusing):
    """A pasted list of DIDs."""

    dids = forms.CharField(
        label=lazy("DIDs"),
        max_length=MAX_TEXT,
        widget=forms.Textarea(
            attrs={"rows": 4, "placeholder": "scope:name", "spellcheck": "false", "class": "mono"}
        ),
        help_text=lazy("One a line, at most 10,000. Each is told what became of it."),
    )

    def clean_dids(self) -> Sequence[Did]:
        """Return the DIDs."""
        try:
            return dids_of(self.cleaned_data["dids"])
        except InvalidRequest as exc:
            raise forms.ValidationError(exc.message) from exc


class MakeForm(ListForm):
    """A new dataset or container."""

    type = forms.ChoiceField(
        label=lazy("Type"),
        choices=[
            ("dataset", lazy("Dataset: holds files")),
            ("container", lazy("Container: holds datasets, or containers")),
        ],
    )
    scope = forms.ChoiceField(
        label=lazy("Scope"),
        help_text=lazy("Yours, or of a group for which you act: the group owns it then."),
    )
    name = forms.CharField(label=lazy("Name"), max_length=250)
    title = forms.CharField(
        label=lazy("Title"),
        max_length=200,
        required=False,
        help_text=lazy("Is written into its metadata; more can be described on its page."),
    )

    field_order = ("type", "scope", "name", "title", "dids")

    def __init__(self, *args: Any, scopes: Iterable[Scope] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dids"].required = False
        field = self.fields["scope"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(scope.name, _scope_words(scope)) for scope in scopes]

    def did(self) -> Did:
        """Return the DID that is to be."""
        return Did.parse(f"{self.cleaned_data['scope']}:{self.cleaned_data['name']}")

    def kind(self) -> DidType:
        """Return its type."""
        return DidType(self.cleaned_data["type"])


def _scope_words(scope: Scope) -> str:
    if not scope.group:
        return scope.name
    return _("%(scope)s (group %(group)s)") % {"scope": scope.name, "group": scope.group}


class EmbargoForm(Refusing):
    """Whose it is, and until when."""

    group = forms.ChoiceField(label=lazy("Group"), help_text=lazy("Its members may see it."))
    until = forms.DateField(
        label=lazy("Until the end of"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=lazy("The last day of the embargo (UTC). It opens by itself the day after."),
    )
    sure = forms.BooleanField(
        label=lazy("Yes, end it earlier or open it to this group"), required=False
    )

    def __init__(self, *args: Any, groups: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["group"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(group, group) for group in groups]


class EraseForm(Refusing):
    """The name once more."""

    typed = forms.CharField(
        label=lazy("Type its name to erase it"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class DamageForm(Refusing):
    """What is wrong with which copy."""

    storage = forms.ChoiceField(label=lazy("Copy at"))
    reason = forms.CharField(label=lazy("What is wrong with it"), max_length=MAX_REASON)
    may_lose = forms.BooleanField(
        label=lazy("The file may be lost if it is the only good copy"), required=False
    )

    def __init__(self, *args: Any, storages: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["storage"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name) for name in storages]
