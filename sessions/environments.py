"""The environments that a session may run in: one file for the portal, the hub and the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from vre_portal.config import get_config
from vre_portal.errors import Forbidden, InvalidRequest, PortalError, UpstreamUnavailable


class EnvironmentsInvalid(PortalError):
    """The site's file of environments is wrong; the message names the entry and the field."""

    code, title = "environments-invalid", "The site's environments are misconfigured"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an option."""

    slug: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose in an environment, such as how much memory."""

    key: str
    name: str
    choices: tuple[Choice, ...]
    default: str
    help: str = ""

    def choice(self, slug: str) -> Choice | None:
        """Return one of the choices, None when there is no such."""
        return next((choice for choice in self.choices if choice.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Environment:
    """What a session may be started with; empty `groups` means that everybody may."""

    slug: str
    name: str
    description: str = ""
    contents: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    groups: tuple[str, ...] = ()
    default: bool = False
    minutes_idle: int | None = None

    def open_to(self, groups: Sequence[str]) -> bool:
        """Whether somebody with these groups may use it."""
        return not self.groups or not set(self.groups).isdisjoint(groups)


def all_environments() -> tuple[Environment, ...]:
    """Return every environment in the order of the file, read again when the file changes.

    Raises
    ------
    EnvironmentsInvalid
        An entry is wrong.
    UpstreamUnavailable
        No file is configured, or it can't be read.
    """
    path = get_config().environments_file
    try:
        if path is None:
            raise FileNotFoundError("VRE_ENVIRONMENTS_FILE")
        return _read(path, path.stat().st_mtime_ns)
    except OSError as exc:
        raise UpstreamUnavailable(
            "This site offers no session environments at the moment. Tell the operators."
        ) from exc


def named(slug: str) -> Environment:
    """Return an environment.

    Raises
    ------
    InvalidRequest
        There is no such environment.
    """
    found = all_environments()
    for environment in found:
        if environment.slug == slug:
            return environment
    known = ", ".join(environment.slug for environment in found)
    raise InvalidRequest(
        f"There is no environment '{slug}'. Choose one of: {known}.", field="environment"
    )


def user_options(
    environment: Environment, wanted: Mapping[str, str], *, groups: Sequence[str]
) -> dict[str, str]:
    """Return what the hub is asked for: the profile and a valid choice for every option.

    Raises
    ------
    Forbidden
        The environment is for other groups.
    InvalidRequest
        An option or a choice that the environment does not have.
    """
    if not environment.open_to(groups):
        raise Forbidden(
            f"{environment.name} is for members of {' or '.join(environment.groups)}. "
            "Choose another environment, or ask your collaboration to add you."
        )
    unknown = sorted(set(wanted) - {option.key for option in environment.options})
    if unknown:
        raise InvalidRequest(
            f"{environment.name} has no option '{unknown[0]}'.", field=f"options.{unknown[0]}"
        )
    return {"profile": environment.slug} | {
        option.key: _chosen(environment, option, wanted.get(option.key) or option.default)
        for option in environment.options
    }


def _chosen(environment: Environment, option: Option, slug: str) -> str:
    if option.choice(slug) is None:
        known = ", ".join(choice.slug for choice in option.choices)
        raise InvalidRequest(
            f"{option.name} of {environment.name} can't be '{slug}'. Choose one of: {known}.",
            field=f"options.{option.key}",
        )
    return slug


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> tuple[Environment, ...]:  # `changed` makes the cache's key
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as exc:
        raise EnvironmentsInvalid(f"The file of environments is not YAML: {exc}") from exc
    return parse(document)


def parse(document: object) -> tuple[Environment, ...]:
    """Return the environments of a parsed file.

    Raises
    ------
    EnvironmentsInvalid
        Names the entry and the field that is wrong.
    """
    entries = _Entry("environments", document).entries("environments")
    parsed = tuple(_environment(entry) for entry in entries)
    slugs = [environment.slug for environment in parsed]
    if not slugs or len(set(slugs)) < len(slugs):
        raise EnvironmentsInvalid("environments: give at least one, and each slug once")
    return parsed


def _environment(entry: _Entry) -> Environment:
    entry.only(
        "slug", "name", "description", "contents", "default", "groups", "minutes_idle", "options",
        "launch",
    )  # fmt: skip
    return Environment(
        slug=entry.text("slug"),
        name=entry.text("name"),
        description=entry.text("description", ""),
        contents=entry.texts("contents"),
        groups=entry.texts("groups"),
        default=entry.flag("default"),
        minutes_idle=entry.whole("minutes_idle"),
        options=tuple(_option(key, option) for key, option in entry.mapping("options").items()),
    )


def _option(key: str, entry: _Entry) -> Option:
    entry.only("name", "help", "choices")
    choices = entry.mapping("choices")
    if not choices:
        raise EnvironmentsInvalid(f"{entry.where}, choices: give at least one")
    for choice in choices.values():
        choice.only("name", "description", "default", "launch")
    defaults = [slug for slug, choice in choices.items() if choice.flag("default")]
    if len(defaults) > 1:
        raise EnvironmentsInvalid(f"{entry.where}, choices: only one may be the default")
    return Option(
        key=key,
        name=entry.text("name"),
        help=entry.text("help", ""),
        default=defaults[0] if defaults else next(iter(choices)),
        choices=tuple(
            Choice(slug, choice.text("name"), choice.text("description", ""))
            for slug, choice in choices.items()
        ),
    )


class _Entry:
    """A mapping of the file that knows where it stands, so that faults can say so."""

    def __init__(self, where: str, value: object) -> None:
        if not isinstance(value, dict):
            raise EnvironmentsInvalid(f"{where}: has to be a mapping")
        self.where = f"{where} '{value['slug']}'" if "slug" in value else where
        self.value: dict[str, Any] = value

    def only(self, *known: str) -> None:
        unknown = sorted(str(key) for key in self.value if key not in known)
        if unknown:
            raise EnvironmentsInvalid(f"{self.where}: there is no field '{unknown[0]}'")

    def text(self, field: str, default: str | None = None) -> str:
        value = self.value.get(field, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise EnvironmentsInvalid(f"{self.where}, {field}: has to be a text")
        return value.strip()

    def texts(self, field: str) -> tuple[str, ...]:
        value = self.value.get(field) or []
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise EnvironmentsInvalid(f"{self.where}, {field}: has to be a list of texts")
        return tuple(value)

    def flag(self, field: str) -> bool:
        value = self.value.get(field, False)
        if not isinstance(value, bool):
            raise EnvironmentsInvalid(f"{self.where}, {field}: has to be true or false")
        return value

    def whole(self, field: str) -> int | None:
        value = self.value.get(field)
        if value is None or (type(value) is int and value > 0):
            return value
        raise EnvironmentsInvalid(f"{self.where}, {field}: has to be a whole number above 0")

    def entries(self, field: str) -> list[_Entry]:
        value = self.value.get(field)
        if not isinstance(value, list):
            raise EnvironmentsInvalid(f"{self.where}, {field}: has to be a list")
        return [_Entry(f"environment {n}", entry) for n, entry in enumerate(value, start=1)]

    def mapping(self, field: str) -> dict[str, _Entry]:
        value = self.value.get(field) or {}
        if not isinstance(value, dict):
            raise EnvironmentsInvalid(f"{self.where}, {field}: has to be a mapping")
        return {
            str(key): _Entry(f"{self.where}, {field} '{key}'", entry)
            for key, entry in value.items()
        }
