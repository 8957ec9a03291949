"""The forms of what comes by mail, and of what goes to a webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from activity.services.kinds import KINDS


class PreferencesForm(forms.Form):
    """A box for each kind of notice, its name the kind's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            self.fields[kind.key] = forms.BooleanField(
                label=str(kind.title), help_text=str(kind.help), required=False
            )

    @property
    def chosen(self) -> list[str]:
        """The kinds that are ticked."""
        return [kind.key for kind in KINDS if self.cleaned_data.get(kind.key)]


class WebhookForm(PreferencesForm):
    """The same boxes below an address; what is wrong with that the service says."""

    url = forms.CharField(
        label=_("Address"),
        help_text=_("Notices are posted there as signed JSON."),
        error_messages={"required": _("Enter the address that takes the notices.")},
        widget=forms.TextInput(
            {
                "autocomplete": "off", "spellcheck": "false", "inputmode": "url",
                "placeholder": "https://example.org/notices",
            }
        ),
    )  # fmt: skip
