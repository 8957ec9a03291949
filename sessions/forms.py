"""The form that launches a session; its fields make a link that can be shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from sessions import environment_words as words
from sessions.definitions import Environment, Option, UnlistedChoice
from sessions.definitions.choosing import UNLISTED
from sessions.environments import may_use, user_options
from sessions.launch_fields import ContentFields, shared_by
from sessions.services.capacity import Room, check_person
from sessions.services.origins import Origin
from sessions.services.repository_links import RepositoryLink
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
    repository: RepositoryLink | None = None
    bring: bool = True
    origin: Origin | None = None
    keep_alive: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One environment on the form with the fields of its options."""

    environment: Environment
    open: bool
    chosen: bool
    why_not: str
    warning: str
    free: str
    fields: list[forms.BoundField]


class LaunchForm(ContentFields):
    """Environment, its options, a name, the datasets to open, and what else waits there."""

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

    keep_alive = forms.BooleanField(
        label=_("Keep it alive while kernels work"), required=False,
        help_text=_("Without this it also stops when only a long calculation goes on."),
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
        self.user, self.known = user, {item.slug: item for item in environments}
        super().__init__(filled, initial=shared_by(link, user), label_suffix="")
        for environment in environments:
            self.fields |= _fields(environment)

    @property
    def chosen(self) -> str:
        """The environment that is marked: the entered one, the link's, or the site's default."""
        named = str(self["environment"].value() or "")
        usable = [item for item in self.known.values() if may_use(self.user, item)]
        if named in self.known or not usable:
            return named
        return next((item.slug for item in usable if item.default), usable[0].slug)

    def cards(self, room: Room) -> list[Card]:
        """Return the environments with their fields and what is free of what they take."""
        titles = {item.slug: item.title for item in self.known.values()}
        return [
            Card(
                environment=item,
                open=may_use(self.user, item),
                chosen=item.slug == self.chosen,
                why_not=words.why_not(self.user, item, titles),
                warning=words.warning(item, titles),
                free=words.free(room, item, places=False),
                fields=[self[name] for name in _fields(item)],
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
            check_person(self.user)
            user_options(self.known[slug], {}, user=self.user)
        except PortalError as exc:
            raise forms.ValidationError(exc.message) from exc
        return slug

    def link(self) -> str:
        """Return the query of a link to this form as it is filled in."""
        slug = self.chosen
        apart = {"dataset", *ContentFields.base_fields}
        wanted = [name for name in self.fields if "." not in name or name.startswith(f"{slug}.")]
        values = {name: str(self[name].value() or "") for name in wanted if name not in apart}
        shown = [(name, value) for name, value in values.items() if value]
        data = [("dataset", did) for did in self.datasets]
        return urlencode([*shown, *data, *self.content_link(with_data=bool(data))])

    def parsed(self) -> Wish:
        """Return what was asked for; only after `is_valid`."""
        environment = self.known[self.cleaned_data["environment"]]
        values = {
            name.partition(".")[2]: self.cleaned_data.get(name) for name in _fields(environment)
        }
        return Wish(
            environment=environment.slug,
            options={key: value for key, value in values.items() if value},
            name=self.cleaned_data["name"],
            datasets=self.cleaned_data["dataset"],
            repository=self.cleaned_data["link"],
            bring=self.cleaned_data["bring"],
            origin=self.came_from(),
            keep_alive=self.cleaned_data["keep_alive"],
        )


def _field_name(environment: Environment, option: Option) -> str:
    return f"{environment.slug}.{option.key}"


def _fields(environment: Environment) -> dict[str, forms.Field]:
    """Return the fields of an environment's options, with those for values that may be typed."""
    return {
        f"{environment.slug}.{name}": field for name, field in _option_fields(environment).items()
    }


def _option_fields(environment: Environment) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for option in environment.options:
        fields[option.key] = _field(option)
        if option.unlisted:
            fields[f"{option.key}{UNLISTED}"] = _typed(option.unlisted)
    return fields


def _typed(unlisted: UnlistedChoice) -> forms.CharField:
    return forms.CharField(
        label=unlisted.title, help_text=unlisted.validation_message, required=False,
        validators=[RegexValidator(unlisted.validation_regex, unlisted.validation_message or None)],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip


def _field(option: Option) -> forms.ChoiceField:
    choices = [
        (item.slug, f"{item.title}: {item.description}" if item.description else item.title)
        for item in option.choices
    ]
    return forms.ChoiceField(
        label=option.title, help_text=option.help, choices=choices,
        initial=option.default,
    )  # fmt: skip


def _checked(check: Callable[[T], R], entered: T) -> R:
    try:
        return check(entered)
    except PortalError as exc:
        raise forms.ValidationError(exc.message) from exc


class RestartForm(forms.Form):
    """The options of a session's environment, as they were chosen."""

    def __init__(
        self, entered: QueryDict | None, *, environment: Environment, chosen: Mapping[str, str]
    ) -> None:
        super().__init__(entered, initial=dict(chosen), label_suffix="")
        self.fields |= _option_fields(environment)

    def parsed(self) -> dict[str, str]:
        """Return the chosen options; only after `is_valid`."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}
