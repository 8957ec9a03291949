"""The form that runs an analysis with other data; its fields make a link that can be shared."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext as _

from reproducibility.models import AnalysisVersion

LIST = "picked"


class InputsForm(forms.Form):
    """One field for each recorded input; as it stands it asks for the recorded ones."""

    def __init__(
        self,
        version: AnalysisVersion,
        entered: Mapping[str, str] | None,
        offered: Mapping[str, str],
    ) -> None:
        super().__init__(entered, label_suffix="")
        self.recorded = {f"input-{n}": each for n, each in enumerate(version.inputs.all(), 1)}
        for name, each in self.recorded.items():
            self.fields[name] = forms.CharField(
                label=each.did,
                help_text=_("Recorded input, read from the folder %s.") % each.folder,
                initial=offered.get(name, each.did),
                widget=forms.TextInput(
                    attrs={"list": LIST, "autocomplete": "off", "spellcheck": "false"}
                ),
            )

    def parsed(self) -> dict[str, str]:
        """Return what is to be read for each recorded input, by DID; only after `is_valid`."""
        return {each.did: self.cleaned_data[name] for name, each in self.recorded.items()}

    def refuse(self, did: str, message: str) -> None:
        """Show what was refused at the field of a recorded input."""
        name = next((name for name, each in self.recorded.items() if each.did == did), None)
        self.add_error(name, message)
