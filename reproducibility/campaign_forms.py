"""The form that makes a campaign: a field a parameter or a table, and what is collected."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from reproducibility.models import AnalysisVersion, Campaign
from reproducibility.points.plans import LARGEST_SEED, Plan, Way
from reproducibility.points.values import Faulty
from reproducibility.services.campaigns import sources
from reproducibility.services.campaigns.making import LONGEST_TITLE, Wish
from reproducibility.services.campaigns.proposing import proposed
from reproducibility.services.campaigns.results import Declared
from reproducibility.services.campaigns.sources import Brought
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
TURNS = lazy("Points of your other campaigns wait while one of a higher priority has points to "
             "start.")  # fmt: skip
#: What people choose from; programs give any number from -100 to 100.
PRIORITIES = [(10, lazy("high")), (0, lazy("normal")), (-10, lazy("low"))]


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
    file = forms.FileField(
        label=lazy("Or a table"), required=False, max_length=255,
        help_text=lazy("CSV, JSON or Parquet with a column a parameter, in place of the fields."),
    )  # fmt: skip
    results = forms.CharField(
        label=lazy("Results to collect"), required=False, max_length=20_000,
        help_text=lazy("One a line: a name, a .json or .csv file of the run, and the place in it, "
                       "such as: mass results/fit.json parameters.mass.value. The lines that stand "
                       "here at first are numbers of the recorded outputs."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip
    at_once = forms.IntegerField(label=lazy("Runs at the same time"), min_value=1, initial=10)
    first = forms.IntegerField(
        label=lazy("Points to try first"), min_value=0, initial=0,
        help_text=lazy("It waits for your word after them. 0: it goes through."),
    )  # fmt: skip
    priority = forms.TypedChoiceField(
        label=lazy("Priority"), choices=PRIORITIES, coerce=int, initial=0,
        help_text=TURNS,
    )  # fmt: skip

    def __init__(self, version: AnalysisVersion, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.label_suffix = ""
        self.version = version
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
        title = _("Scan of %s") % version.analysis.title
        lines = [f"{each.name} {each.path} {each.where}" for each in proposed(version)]
        return {
            "title": title[:LONGEST_TITLE],
            "seed": secrets.randbelow(10**6),
            "results": "\n".join(lines),
        }

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
        told, brought = self.cleaned_data, self._brought()
        return Wish(
            points=brought.points,
            title=told["title"],
            source=brought.source,
            results=told["results"],
            at_once=told["at_once"],
            first=told["first"],
            priority=told["priority"],
        )

    def refuse(self, exc: PortalError) -> None:
        """Say what is wrong at its field, all faults of a table together."""
        if isinstance(exc, Faulty) and self.cleaned_data.get("file"):
            more = [_("And %s more.") % exc.more] if exc.more else []
            self.add_error("file", [*map(str, exc.faults), *more])
            return
        if isinstance(exc, Faulty):
            for fault in exc.faults:
                self.add_error(self._field(fault.column), fault.reason)
            return
        self.add_error(self._field(str(exc.members().get("field") or "")), exc.message)

    def _field(self, name: str) -> str | None:
        return next((each for each in (PREFIX + name, name) if each in self.fields), None)

    def _brought(self) -> Brought:
        if file := self.cleaned_data["file"]:
            return sources.from_file(self.version, file, str(file.name))
        return sources.from_plan(self.version, self._plan())

    def _plan(self) -> Plan:
        told = self.cleaned_data
        names = [name for name in self.fields if name.startswith(PREFIX)]
        return Plan(
            way=Way(told["way"]),
            fields={name.removeprefix(PREFIX): told[name] for name in names},
            points=told["points"] or 0,
            seed=told["seed"] or 0,
        )


class ChangeForm(forms.Form):
    """How a campaign goes on: whose turn comes first, and how many of its runs at a time."""

    at_once = forms.IntegerField(label=lazy("Runs at the same time"), min_value=1)
    priority = forms.TypedChoiceField(
        label=lazy("Priority"), coerce=int,
        help_text=TURNS,
    )  # fmt: skip

    def __init__(self, campaign: Campaign, posted: QueryDict | None = None) -> None:
        now = {"at_once": campaign.at_once, "priority": campaign.priority}
        super().__init__(posted, initial=now, label_suffix="")
        self.fields["at_once"].widget.attrs["max"] = get_config().campaign_runs
        told = {number for number, _word in PRIORITIES}
        own = [] if campaign.priority in told else [(campaign.priority, str(campaign.priority))]
        self.fields["priority"].choices = [*PRIORITIES, *own]  # type: ignore[attr-defined]

    def errors_in_words(self) -> Iterator[str]:
        """Yield what is wrong, each with its field."""
        for name, faults in self.errors.items():
            yield f"{self[name].label}: {' '.join(map(str, faults))}"
