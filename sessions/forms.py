"""The form that launches a session; its fields make a link that can be shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sessions.environments import Environment, Option, user_options
from sessions.services.wishes import MAX_NAME, checked_dids, checked_name
from vre_portal.errors import PortalError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    environment: str
    options: dict[str, str]
    name: str
    datasets: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """One environment on the form with the fields of its options."""

    environment: Environment
    open: bool
    chosen: bool
    fields: list[forms.BoundField]


class LaunchForm(forms.Form):
    """Environment, its options, a name, and the datasets to open."""

    environment = forms.CharField(label=_("Environment"))
    name = forms.CharField(
        label=_("Name"), required=False, max_length=MAX_NAME,
        help_text=_("How you find it again. Without one it is called like its data."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    dataset = forms.CharField(
        label=_("Dataset"), required=False,
        help_text=_(
            "A DID as scope:name, or several with spaces between. A notebook that reads them waits "
            "in the session."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip

    def __init__(
        self,
        entered: QueryDict | None,
        *,
        user: User,
        environments: Sequence[Environment],
        link: QueryDict,
    ) -> None:
        options = {
            _field_name(environment, option): option
            for environment in environments
            for option in environment.options
        }
        filled = None
        if entered is not None:
            filled = entered.copy()
            for name, option in options.items():
                filled.setdefault(name, option.default)
            filled["dataset"] = " ".join(filled.getlist("dataset"))
        shared = link.dict() | {"dataset": " ".join(link.getlist("dataset"))}
        super().__init__(filled, initial=shared, label_suffix="")
        self.user, self.known = user, {item.slug: item for item in environments}
        self.fields |= {name: _field(option) for name, option in options.items()}

    @property
    def chosen(self) -> str:
        """The environment that is marked: the entered one, the link's, or the site's default."""
        named = str(self["environment"].value() or "")
        usable = [item for item in self.known.values() if item.open_to(self.user.groups)]
        if named in self.known or not usable:
            return named
        return next((item.slug for item in usable if item.default), usable[0].slug)

    def cards(self) -> list[Card]:
        """Return the environments with their fields."""
        return [
            Card(
                environment=item,
                open=item.open_to(self.user.groups),
                chosen=item.slug == self.chosen,
                fields=[self[_field_name(item, option)] for option in item.options],
            )
            for item in self.known.values()
        ]

    def clean_name(self) -> str:
        """Return the name on one line."""
        return _checked(checked_name, self.cleaned_data["name"])

    def clean_dataset(self) -> list[str]:
        """Return the DIDs."""
        return _checked(checked_dids, [self.cleaned_data["dataset"]])

    @property
    def datasets(self) -> list[str]:
        """The DIDs as they were entered or came with the link."""
        return str(self["dataset"].value() or "").split()

    def clean_environment(self) -> str:
        """Return the slug of an environment that this user may use."""
        slug: str = self.cleaned_data["environment"]
        if slug not in self.known:
            raise forms.ValidationError(_("Choose one of the environments."))
        try:
            user_options(self.known[slug], {}, groups=self.user.groups)
        except PortalError as exc:
            raise forms.ValidationError(exc.message) from exc
        return slug

    def link(self) -> str:
        """Return the query of a link to this form as it is filled in."""
        slug = self.chosen
        wanted = [name for name in self.fields if "." not in name or name.startswith(f"{slug}.")]
        values = {name: str(self[name].value() or "") for name in wanted if name != "dataset"}
        shown = [(name, value) for name, value in values.items() if value]
        return urlencode([*shown, *(("dataset", did) for did in self.datasets)])

    def parsed(self) -> Wish:
        """Return what was asked for; only after `is_valid`."""
        environment = self.known[self.cleaned_data["environment"]]
        values = {
            option.key: self.cleaned_data.get(_field_name(environment, option))
            for option in environment.options
        }
        return Wish(
            environment=environment.slug,
            options={key: value for key, value in values.items() if value},
            name=self.cleaned_data["name"],
            datasets=self.cleaned_data["dataset"],
        )


def _field_name(environment: Environment, option: Option) -> str:
    return f"{environment.slug}.{option.key}"


def _field(option: Option) -> forms.ChoiceField:
    choices = [
        (item.slug, f"{item.name}: {item.description}" if item.description else item.name)
        for item in option.choices
    ]
    return forms.ChoiceField(
        label=option.name, help_text=option.help, choices=choices,
        initial=option.default,
    )  # fmt: skip


def _checked(check: Callable[[T], R], entered: T) -> R:
    try:
        return check(entered)
    except PortalError as exc:
        raise forms.ValidationError(exc.message) from exc
