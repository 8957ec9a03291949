"""What people enter to share a session or to hand a file over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User
from sessions.models import Level
from sessions.services.handing_over import MAX_NOTE, checked_path
from sessions.services.recipients import Recipient, recipient
from sessions.services.sharing import HOURS
from vre_portal.errors import InvalidRequest, PortalError

TIMES = tuple(
    zip(HOURS, (lazy("1 hour"), lazy("8 hours"), lazy("1 day"), lazy("7 days")), strict=True)
)


@dataclass(frozen=True, slots=True)
class ShareWish:
    """With whom to share, at which level, for how long."""

    to: Recipient
    level: str
    hours: int


class RecipientForm(forms.Form):
    """A person by their exact name, or one of one's own groups."""

    person = forms.CharField(
        label=lazy("Person"), required=False, max_length=254,
        help_text=lazy(
            "Their user name here, or their e-mail address, exactly. People find their own user "
            "name on their profile."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    group = forms.ChoiceField(
        label=lazy("Or a group of yours"), required=False,
        help_text=lazy("Everybody who is in it at that moment."),
    )  # fmt: skip

    def __init__(
        self, entered: Mapping[str, Any] | None, *, user: User, initial: Mapping[str, Any]
    ) -> None:
        super().__init__(entered, initial=dict(initial), label_suffix="")
        self.user = user
        field = self.fields["group"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("No group")), *((name, name) for name in user.groups)]

    def clean(self) -> dict[str, Any]:
        """Find who is meant once the rest is right, so that a correction is no second search."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            to = recipient(self.user, person=cleaned["person"], group=cleaned["group"])
        except InvalidRequest as exc:
            self.add_error(exc.field if exc.field in self.fields else None, exc.message)
        except PortalError as exc:
            self.add_error(None, exc.message)
        else:
            cleaned["to"] = to
        return cleaned


class ShareForm(RecipientForm):
    """Who may come in, what they may do, and for how long."""

    level = forms.ChoiceField(
        label=lazy("What they may do"), widget=forms.RadioSelect,
        choices=[
            (Level.VIEW.value, lazy("Look: they read files and notebooks, and change nothing")),
            (Level.WORK.value, lazy("Work: they run code, use terminals and change files, as you")),
        ],
        initial=Level.VIEW.value,
    )  # fmt: skip
    hours = forms.TypedChoiceField(label=lazy("For"), choices=TIMES, coerce=int, initial=8)
    confirmed = forms.BooleanField(
        label=lazy("I trust them to act as me in this session"), required=False,
        help_text=lazy(
            "Needed for Work. Inside the session they have your rights: all of your files there, "
            "terminals, and the short tokens with which it reads and writes your data."
        ),
    )  # fmt: skip

    field_order = ("person", "group", "level", "confirmed", "hours")

    def clean_confirmed(self) -> bool:
        """Have it said that whoever works there acts as the owner."""
        confirmed: bool = self.cleaned_data["confirmed"]
        if self.cleaned_data.get("level") == Level.WORK and not confirmed:
            raise forms.ValidationError(_("Say that you trust them, or let them only look."))
        return confirmed

    def parsed(self) -> ShareWish:
        """Return what was asked for; only after `is_valid`."""
        found = self.cleaned_data
        return ShareWish(found["to"], found["level"], found["hours"])


class TimeForm(forms.Form):
    """For how long from now on."""

    hours = forms.TypedChoiceField(label=lazy("For"), choices=TIMES, coerce=int)


class HandoverForm(RecipientForm):
    """Which file, for whom, and what to say with it."""

    path = forms.CharField(
        label=lazy("File"), max_length=1000,
        help_text=lazy("Its path in the session, at most 10 MiB. They get a copy as it is now."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    note = forms.CharField(
        label=lazy("Note"), required=False, max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    field_order = ("path", "person", "group", "note")

    def clean_path(self) -> str:
        """Return the path of a visible file."""
        try:
            return checked_path(self.cleaned_data["path"])
        except PortalError as exc:
            raise forms.ValidationError(exc.message) from exc
