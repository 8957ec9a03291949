"""Forms of what is kept at the workflow service: who else reads a run, and secrets of jobs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reproducibility.backends import SecretKind
from reproducibility.services.workflow_account import MOST_BYTES
from vre_portal.errors import PortalError

PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class _Asked(forms.Form):
    def refuse(self, exc: PortalError) -> None:
        """Say at its field what the service did not take."""
        field = exc.members().get("field")
        self.add_error(field if field in self.fields else None, exc.message)


class ShareForm(_Asked):
    """With whom a run is shared, and how long."""

    email = forms.EmailField(
        label=lazy("E-mail address"), max_length=254,
        help_text=lazy("The one that they have at REANA."),
        widget=forms.EmailInput(attrs=PLAIN),
    )  # fmt: skip
    until = forms.DateField(
        label=lazy("Until"), required=False, help_text=lazy("Empty: until you take it back."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )  # fmt: skip

    def clean_until(self) -> date | None:
        """Return a day that is not over."""
        until: date | None = self.cleaned_data["until"]
        if until is not None and until < timezone.now().date():
            raise forms.ValidationError(_("That day is over: choose a later one."))
        return until


class SecretForm(_Asked):
    """A secret that jobs get as a variable or as a file; what was typed is not shown again."""

    name = forms.CharField(
        label=lazy("Name"), max_length=100, widget=forms.TextInput(attrs=PLAIN),
        help_text=lazy("Of the variable, such as API_KEY, or of the file, such as userkey.pem."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=lazy("Jobs get it as"),
        choices=[(SecretKind.VARIABLE, lazy("a variable")), (SecretKind.FILE, lazy("a file"))],
    )
    value = forms.CharField(
        label=lazy("Secret"), strip=False, max_length=MOST_BYTES,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    content = forms.FileField(
        label=lazy("Or a file that holds it"), required=False, max_length=255,
        help_text=lazy("At most 64 KiB."),
    )  # fmt: skip
    overwrite = forms.BooleanField(label=lazy("Replace one of this name"), required=False)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["value"].required = not self.files.get("content")

    def clean(self) -> dict[str, Any]:
        """Take the secret from one of both fields."""
        told = super().clean() or {}
        file = told.get("content")
        if file and told.get("value"):
            self.add_error("value", _("Type the secret or choose a file that holds it, not both."))
        elif file and file.size > MOST_BYTES:
            self.add_error("content", _("The file has more than 64 KiB."))
        return told

    def secret(self) -> dict[str, Any]:
        """Return the values of `add_secret`; only after `is_valid`."""
        told = self.cleaned_data
        file = told["content"]
        return {
            "name": told["name"],
            "value": file.read() if file else told["value"].encode(),
            "kind": SecretKind(told["kind"]),
            "overwrite": told["overwrite"],
        }
