"""The form that runs an analysis with other data or parameters; its fields make a shared link."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from reproducibility.models import AnalysisVersion
from reproducibility.services import parameters_of

LIST = "picked"


class VariationForm(forms.Form):
    """A field for each recorded input and parameter; as it stands it asks for the recorded ones."""

    def __init__(
        self,
        version: AnalysisVersion,
        entered: Mapping[str, str] | None,
        offered: Mapping[str, str],
    ) -> None:
        self.recorded = {f"input-{n}": each for n, each in enumerate(version.inputs.all(), 1)}
        self._defaults = defaults = parameters_of(version)
        self.parameters = {f"parameter-{key}": key for key in defaults}
        usual = {name: each.did for name, each in self.recorded.items()}
        usual |= {name: _text(defaults[key]) for name, key in self.parameters.items()}
        # What a link or a script leaves out is as it was recorded.
        given = None if entered is None else usual | dict(entered.items())
        super().__init__(given, label_suffix="", initial=usual | dict(offered.items()))
        for name, each in self.recorded.items():
            self.fields[name] = forms.CharField(
                label=each.did,
                help_text=_("Recorded input, read from the folder %s.") % each.folder,
                widget=forms.TextInput(
                    attrs={"list": LIST, "autocomplete": "off", "spellcheck": "false"}
                ),
            )
        for name, key in self.parameters.items():
            self.fields[name] = ValueField(key, defaults[key])

    def inputs(self) -> dict[str, str]:
        """Return what is to be read for each recorded input, by DID; only after `is_valid`."""
        return {each.did: self.cleaned_data[name] for name, each in self.recorded.items()}

    def values(self) -> dict[str, Any]:
        """Return the parameters that are not the recorded ones, typed; only after `is_valid`."""
        given = {key: self.cleaned_data[name] for name, key in self.parameters.items()}
        # By identity: NaN is not equal to itself.
        return {key: value for key, value in given.items() if value is not self._defaults[key]}

    def refuse(self, field: str, message: str) -> None:
        """Show what was refused at the field of a recorded input, by DID, or of a parameter."""
        named = {**{each.did: name for name, each in self.recorded.items()},
                 **{key: name for name, key in self.parameters.items()}}  # fmt: skip
        self.add_error(named.get(field), message)

    @property
    def input_fields(self) -> list[forms.BoundField]:
        """The fields of the inputs."""
        return [self[name] for name in self.recorded]

    @property
    def parameter_fields(self) -> list[forms.BoundField]:
        """The fields of the parameters."""
        return [self[name] for name in self.parameters]


def _text(value: Any) -> str:
    """Return a value as a field shows it: texts as they are, all others as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _lines(text: str) -> str:
    """Return a text with the line ends that YAML has; browsers send others."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class ValueField(forms.CharField):
    """A text that stands for a value of the type that a parameter's default has."""

    def __init__(self, key: str, default: Any) -> None:
        self._default = default
        advice = _("Recorded: %s") % _text(default)
        is_text = isinstance(default, str)
        super().__init__(
            label=key,
            help_text=advice,
            required=not is_text,
            strip=False,
            # A field of one line would lose the line ends of a text.
            widget=forms.Textarea if "\n" in _text(default) else forms.TextInput,
        )

    def clean(self, value: Any) -> Any:
        """Return the value, as it stands the default itself.

        The service says what is wrong with one of another type.
        """
        text = _lines(super().clean(value))
        if text == _lines(_text(self._default)):
            return self._default
        if isinstance(self._default, str):
            return text
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as exc:
            words = _("Give a value such as %s.") % _text(self._default)
            raise forms.ValidationError(words) from exc
