"""The form that chooses a plot of a campaign; its choices stand in the address."""

from __future__ import annotations

from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.previews.values import DASH
from reproducibility.models import Campaign
from reproducibility.plots.values import EXCLUDED, Choice, Kind
from reproducibility.services.campaigns import plotting

KINDS = [
    (Kind.SCATTER.value, lazy("all points")),
    (Kind.CONTOUR.value, lazy("the contour at a level")),
]
LOGS = [("x", lazy("across")), ("y", lazy("up")), ("z", lazy("colour"))]


class PlotForm(forms.Form):
    """Two columns, a third for the colour or the contour, and how they are drawn."""

    kind = forms.ChoiceField(label=lazy("Drawn"), choices=KINDS)
    level = forms.FloatField(
        label=lazy("Level"), required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    log = forms.MultipleChoiceField(
        label=lazy("Logarithmic"), required=False, choices=LOGS,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, campaign: Campaign, address: QueryDict) -> None:
        columns = plotting.columns_of(campaign)
        self._usual = _usual(campaign, columns)
        entered = address.copy()
        for name, value in self._usual.items():
            entered.setdefault(name, value)
        super().__init__(entered, auto_id="plot-%s")
        self.label_suffix = ""
        named = [(name, name) for name in columns]
        self.fields["x"] = forms.ChoiceField(label=_("Across"), choices=named)
        self.fields["y"] = forms.ChoiceField(label=_("Up"), choices=named)
        self.fields["z"] = forms.ChoiceField(
            label=_("Colour or contour of"), required=False, choices=[("", DASH), *named]
        )

    def choice(self) -> Choice:
        """Return what is drawn: what was chosen, and the usual where that can't be."""
        self.full_clean()
        told = {**self._usual, **{k: v for k, v in self.cleaned_data.items() if v != ""}}
        level = told["level"]
        return Choice(
            x=told["x"],
            y=told["y"],
            z=told.get("z", ""),
            kind=Kind(told["kind"]),
            level=EXCLUDED if level is None else float(level),
            log=tuple(sorted(told.get("log", ()))),
        )

    def address(self) -> str:
        """Return the choices as the query of an address."""
        made = self.choice()
        told = {"x": made.x, "y": made.y, "z": made.z, "kind": made.kind.value,
                "level": repr(made.level), "log": made.log}  # fmt: skip
        return urlencode(told, doseq=True)


def _usual(campaign: Campaign, columns: list[str]) -> dict[str, str]:
    """Return what is drawn before anything is chosen: the first result over the first parameter."""
    results = [each["name"] for each in campaign.results]
    up = [*results, *campaign.columns[1:], plotting.SECONDS]
    return {
        "x": columns[0], "y": up[0], "kind": Kind.SCATTER.value, "level": f"{EXCLUDED:g}",
    }  # fmt: skip
