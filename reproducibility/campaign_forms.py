"""The form that makes a campaign: a field a parameter or a table, and what is collected."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reproducibility.models import AnalysisVersion
from reproducibility.points.plans import LARGEST_SEED, Plan, Way
from reproducibility.points.values import Faulty, Points
from reproducibility.services.campaigns import tables
from reproducibility.services.campaigns.making import LONGEST_TITLE, Wish
from reproducibility.services.campaigns.results import Declared
from reproducibility.services.parameters import parameters_of
from vre_portal.config import get_config
from vre_portal.errors import PortalError

PLAIN = {"autocomplete": "off", "spellcheck": "false"}
PREFIX = "parameter-"
WAYS = [
    (Way.GRID, lazy("a grid: each value with each")),
    (Way.LIST, lazy("lists side by side: the first of each, the second of each, …")),
    (Way.RANDOM, lazy("random points")),
    (Way.LATIN, lazy("a Latin hypercube")),
]


class CampaignForm(forms.Form):
    """What is scanned and collected; parameters without an entry keep their defaults."""

    title = forms.CharField(
        label=lazy("Title"), max_length=LONGEST_TITLE, widget=forms.TextInput(attrs=PLAIN)
    )
    way = forms.ChoiceField(label=lazy("Points"), choices=WAYS, initial=Way.GRID)
    points = forms.IntegerField(
        label=lazy("How many"), required=False, min_value=1,
        help_text=lazy("Of random points and Latin hypercubes."),
    )  # fmt: skip
    seed = forms.IntegerField(
        label=lazy("Seed"), required=False, min_value=0, max_value=LARGEST_SEED,
        help_text=lazy("The same seed gives the same points."),
    )  # fmt: skip
    table = forms.FileField(
        label=lazy("Or a table"), required=False, max_length=255,
        help_text=lazy("CSV, JSON or Parquet with a column a parameter, in place of the fields."),
    )  # fmt: skip
    results = forms.CharField(
        label=lazy("Results to collect"), required=False, max_length=20_000,
        help_text=lazy("One a line: a name, a .json or .csv file of the run, and the place in it, "
                       "such as: mass results/fit.json parameters.mass.value"),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip
    at_once = forms.IntegerField(label=lazy("Runs at the same time"), min_value=1, initial=10)
    first = forms.IntegerField(
        label=lazy("Points to try first"), min_value=0, initial=0,
        help_text=lazy("It waits for your word after them. 0: it goes through."),
    )  # fmt: skip

    def __init__(self, version: AnalysisVersion, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.label_suffix = ""
        self._version = version
        self.fields["at_once"].widget.attrs["max"] = get_config().campaign_runs
        for name, default in parameters_of(version).items():
            self.fields[PREFIX + name] = forms.CharField(
                label=name,
                required=False,
                max_length=5_000,
                help_text=_("Left empty: %s") % default,
                widget=forms.TextInput(attrs=PLAIN),
            )

    @property
    def parameters(self) -> Iterator[forms.BoundField]:
        """The fields of the parameters."""
        return (self[name] for name in self.fields if name.startswith(PREFIX))

    @staticmethod
    def entered(version: AnalysisVersion) -> dict[str, Any]:
        """Return what the fields begin with."""
        return {"title": _("Scan of %s") % version.analysis.title, "seed": secrets.randbelow(10**6)}

    def clean_results(self) -> list[Declared]:
        """Return the declared results of the lines."""
        found = []
        for number, line in enumerate(str(self.cleaned_data["results"]).splitlines(), 1):
            parts = line.split()
            if parts and len(parts) != 3:
                words = _("Line %s: give a name, a file and a place, such as: mass fit.json "
                          "mass.value")  # fmt: skip
                raise forms.ValidationError(words % number)
            if parts:
                found.append(Declared(*parts))
        return found

    def wish(self) -> Wish:
        """Return what is wanted; only after `is_valid`; raises `Faulty` and other `PortalError`."""
        told = self.cleaned_data
        return Wish(
            points=self._points(),
            title=told["title"],
            source=self._source(),
            results=told["results"],
            at_once=told["at_once"],
            first=told["first"],
        )

    def refuse(self, exc: PortalError) -> None:
        """Say what is wrong at its field, all faults of a table together."""
        if isinstance(exc, Faulty) and self.cleaned_data.get("table"):
            more = [_("And %s more.") % exc.more] if exc.more else []
            self.add_error("table", [*map(str, exc.faults), *more])
            return
        if isinstance(exc, Faulty):
            for fault in exc.faults:
                self.add_error(self._field(fault.column), fault.reason)
            return
        self.add_error(self._field(str(exc.members().get("field") or "")), exc.message)

    def _field(self, name: str) -> str | None:
        return next((each for each in (PREFIX + name, name) if each in self.fields), None)

    def _points(self) -> Points:
        if file := self.cleaned_data["table"]:
            return tables.from_file(self._version, file)
        return tables.from_plan(self._version, self._plan())

    def _plan(self) -> Plan:
        told = self.cleaned_data
        names = [name for name in self.fields if name.startswith(PREFIX)]
        return Plan(
            way=Way(told["way"]),
            fields={name.removeprefix(PREFIX): told[name] for name in names},
            points=told["points"] or 0,
            seed=told["seed"] or 0,
        )

    def _source(self) -> dict[str, Any]:
        if file := self.cleaned_data["table"]:
            return {"kind": "table", "name": str(file.name)[:200]}
        plan = self._plan()
        fields = {name: text for name, text in plan.fields.items() if text}
        chance = {"points": plan.points, "seed": plan.seed} if plan.way.by_chance else {}
        return {"kind": str(plan.way), "fields": fields, **chance}
