"""The form of what comes by mail."""

from __future__ import annotations

from typing import Any

from django import forms

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
        return [name for name, ticked in self.cleaned_data.items() if ticked]
