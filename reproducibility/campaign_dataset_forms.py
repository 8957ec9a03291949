"""The form that registers the table of a campaign in Rucio: dataset, scope, lifetime, storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.upload_forms import FOREVER, LIFETIMES
from reproducibility.services.register_checks import Asked


class CampaignDatasetForm(forms.Form):
    """Under which name the table is registered, and where it is stored."""

    dataset = forms.CharField(
        label=lazy("Dataset"),
        max_length=250,
        help_text=lazy("The files get their names below this one."),
    )
    scope = forms.ChoiceField(label=lazy("Scope"))
    lifetime = forms.ChoiceField(
        label=lazy("Keep for"), required=False, choices=LIFETIMES, initial=FOREVER
    )
    storage = forms.ChoiceField(label=lazy("Storage"), required=False)

    def __init__(
        self, *args: Any, scopes: Sequence[str], storages: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        automatic = ("", lazy("the first disk with room"))
        self._offer("scope", [(name, name) for name in scopes])
        self._offer("storage", [automatic, *((name, name) for name in storages)])

    def _offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def asked(self) -> Asked:
        """Return what was chosen; only after `is_valid`."""
        chosen = self.cleaned_data
        lifetime = chosen["lifetime"]
        return Asked(
            dataset=chosen["dataset"],
            scope=chosen["scope"],
            storage=chosen["storage"],
            lifetime_days=int(lifetime) if lifetime else None,
        )

    def refuse(self, field: str | None, message: str) -> None:
        """Show a refusal at its field; what stands at none is told above the form."""
        self.add_error(field if field in self.fields else None, message)
