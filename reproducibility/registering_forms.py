"""The forms that register something in Rucio: dataset, scope, storage, lifetime, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.upload_forms import FOREVER, LIFETIMES
from reproducibility.models import Run
from reproducibility.services.register_checks import Asked


class DatasetForm(forms.Form):
    """Which dataset is made, in which scope, and for how long."""

    dataset = forms.CharField(label=lazy("Dataset"), max_length=250)
    scope = forms.ChoiceField(label=lazy("Scope"))
    lifetime = forms.ChoiceField(
        label=lazy("Keep for"), required=False, choices=LIFETIMES, initial=FOREVER
    )
    storage: forms.Field = forms.CharField(required=False)

    def __init__(self, *args: Any, scopes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.offer("scope", [(name, name) for name in scopes])

    def offer(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        """Let people choose from these values of a field, each with its word."""
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


class RegisterForm(DatasetForm):
    """Which outputs of a run are registered, under which name and where."""

    chosen = forms.MultipleChoiceField(
        error_messages={"required": lazy("Choose at least one file.")}
    )

    def __init__(self, *args: Any, paths: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].help_text = lazy(
            "The files get their paths in the workspace below this name."
        )
        self.offer("chosen", [(path, path) for path in paths])

    def asked(self) -> Asked:
        """Return what was chosen; only after `is_valid`."""
        return replace(super().asked(), files=tuple(self.cleaned_data["chosen"]))

    def refuse(self, field: str | None, message: str) -> None:
        """Show a refusal at its field; one of files at their list."""
        super().refuse("chosen" if field == "files" else field, message)


def proposed_name(run: Run) -> str:
    """Return the name that a dataset of a run is offered."""
    return f"{run.analysis.slug}-run-{run.number}"
