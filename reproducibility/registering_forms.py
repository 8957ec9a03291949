"""The form that registers outputs of a run in Rucio: dataset, scope, storage, lifetime, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.upload_forms import FOREVER, LIFETIMES
from reproducibility.models import Run
from reproducibility.services.register_checks import Asked


class RegisterForm(forms.Form):
    """What is registered, under which name and where."""

    dataset = forms.CharField(
        label=lazy("Dataset"),
        max_length=250,
        help_text=lazy("The files get their paths in the workspace below this name."),
    )
    scope = forms.ChoiceField(label=lazy("Scope"))
    lifetime = forms.ChoiceField(
        label=lazy("Keep for"), required=False, choices=LIFETIMES, initial=FOREVER
    )
    storage = forms.CharField(required=False)
    chosen = forms.MultipleChoiceField(
        error_messages={"required": lazy("Choose at least one file.")}
    )

    def __init__(
        self, *args: Any, scopes: Sequence[str], paths: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        for name, values in (("scope", scopes), ("chosen", paths)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [(value, value) for value in values]

    def asked(self) -> Asked:
        """Return what was chosen; only after `is_valid`."""
        chosen = self.cleaned_data
        lifetime = chosen["lifetime"]
        return Asked(
            dataset=chosen["dataset"],
            scope=chosen["scope"],
            storage=chosen["storage"],
            lifetime_days=int(lifetime) if lifetime else None,
            files=tuple(chosen["chosen"]),
        )

    def refuse(self, field: str | None, message: str) -> None:
        """Show a refusal at its field; what stands at none is told above the form."""
        name = "chosen" if field == "files" else field
        self.add_error(name if name in self.fields else None, message)


def proposed_name(run: Run) -> str:
    """Return the name that a dataset of a run is offered."""
    return f"{run.analysis.slug}-run-{run.number}"
