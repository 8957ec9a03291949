"""Choose from the environments: who may use one, and what a person's choices add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any

from sessions.definitions.values import Accelerator, Environment, Option, Settings

UNLISTED = "--unlisted-choice"
MOST_UNLISTED = 300


class Refused(ValueError):
    """The choices can't be used; the text tells the user what can, `field` names which."""

    def __init__(self, message: str, *, field: str) -> None:
        self.message, self.field = message, field
        super().__init__(message)


class WrongChoice(Refused):
    """There is no such environment, option or choice, or no longer."""


class NotForYou(Refused):
    """The environment is for others."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a session is started with, and how long it may go on; None is no limit."""

    environment: str
    title: str
    default_url: str = "lab"
    user_options: Mapping[str, str] = field(default_factory=dict)
    cpu: float | None = None
    cpu_guarantee: float | None = None
    memory_gb: float | None = None
    memory_guarantee_gb: float | None = None
    accelerator: Accelerator | None = None
    image: str | None = None
    local: str | None = None
    lifetime_hours: float | None = None
    max_lifetime_hours: float | None = None
    extend_hours: float | None = None
    minutes_idle: int | None = None

    @property
    def longest_hours(self) -> float | None:
        """The hours after which a session ends whatever was extended."""
        return self.max_lifetime_hours or self.lifetime_hours

    def as_state(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Launch:
        """Return it from `as_state`, also that of another release."""
        known = {each.name for each in fields(cls)}
        found = {name: value for name, value in state.items() if name in known}
        if found.get("accelerator"):
            found["accelerator"] = Accelerator(**found["accelerator"])
        return cls(**found)


def named(environments: Iterable[Environment], slug: object) -> Environment:
    """Return an environment by its slug.

    Raises
    ------
    WrongChoice
        There is no such environment.
    """
    known = list(environments)
    for environment in known:
        if environment.slug == slug:
            return environment
    slugs = ", ".join(environment.slug for environment in known)
    raise WrongChoice(
        f"There is no environment '{slug}'. Choose one of: {slugs}.", field="environment"
    )


def choose(
    environments: Environment | Iterable[Environment],
    user_options: Mapping[str, Any],
    *,
    handle: str,
    groups: Collection[str],
    today: date,
) -> Launch:
    """Return what a session is started with; what the options leave open gets its default.

    `user_options` is KubeSpawner's: `{"profile": slug, "<option>": choice}`, or
    `"<option>--unlisted-choice"` where an option lets a value be typed.

    Raises
    ------
    WrongChoice
        There is no such environment, option or choice, or its last day is over.
    NotForYou
        The environment is for other people.
    """
    known = [environments] if isinstance(environments, Environment) else list(environments)
    slug = user_options.get("profile")
    if slug is None:
        environment = _first(known, handle=handle, groups=groups, today=today)
    else:
        environment = named(known, slug)
    check_open(environment, handle=handle, groups=groups, today=today)
    return settled(environment, user_options)


def check_open(
    environment: Environment, *, handle: str, groups: Collection[str], today: date
) -> None:
    """Raise why somebody can't use an environment today, if so."""
    if not environment.open_to(groups, handle):
        whom = " or ".join(environment.groups)
        text = f"members of {whom}" if whom else "the person who made it"
        raise NotForYou(
            f"{environment.title} is for {text}. "
            "Choose another environment, or ask your collaboration to add you.",
            field="environment",
        )
    if environment.over(today):
        instead = environment.use_instead
        raise WrongChoice(
            f"{environment.title} was offered until {environment.deprecated_until}. "
            + (f"Use '{instead}' instead." if instead else "Choose another environment."),
            field="environment",
        )


def settled(environment: Environment, user_options: Mapping[str, Any]) -> Launch:
    """Return what choices add up to, without asking who chose or when."""
    wished = {str(key): value for key, value in user_options.items() if key != "profile"}
    keys = {option.key for option in environment.options}
    unknown = sorted(name for name in wished if name.removesuffix(UNLISTED) not in keys)
    if unknown:
        known = ", ".join(sorted(keys)) or "none"
        raise WrongChoice(
            f"{environment.title} has no option '{unknown[0]}'. Its options: {known}.",
            field=f"options.{unknown[0]}",
        )
    options, made = {"profile": environment.slug}, environment.settings
    for option in environment.options:
        key, value, settings = _settled(environment, option, wished)
        options[key] = value
        made = settings.over(made)
    return Launch(
        environment=environment.slug,
        title=environment.title,
        default_url=environment.default_url,
        user_options=options,
        **{name: getattr(made, name) for name in made.names},
        max_lifetime_hours=environment.max_lifetime_hours,
        extend_hours=environment.extend_hours,
        minutes_idle=environment.minutes_idle,
    )


def _first(
    known: list[Environment], *, handle: str, groups: Collection[str], today: date
) -> Environment:
    """Return the default, or the first that the person may use."""
    usable = [each for each in known if each.open_to(groups, handle) and not each.over(today)]
    if not usable:
        raise NotForYou("This site has no environment that you may use.", field="environment")
    return next((each for each in usable if each.default), usable[0])


def _settled(
    environment: Environment, option: Option, wished: Mapping[str, Any]
) -> tuple[str, str, Settings]:
    typed = wished.get(f"{option.key}{UNLISTED}")
    if typed:
        return f"{option.key}{UNLISTED}", str(typed), _typed(environment, option, typed)
    wanted = wished.get(option.key)
    slug = option.default if wanted is None or wanted == "" else str(wanted)
    found = option.choice(slug)
    if found is None:
        known = ", ".join(choice.slug for choice in option.choices)
        raise WrongChoice(
            f"{option.title} of {environment.title} can't be '{slug}'. Choose one of: {known}.",
            field=f"options.{option.key}",
        )
    return option.key, found.slug, found.settings


def _typed(environment: Environment, option: Option, value: object) -> Settings:
    allowed = option.unlisted
    where = f"options.{option.key}{UNLISTED}"
    if allowed is None:
        known = ", ".join(choice.slug for choice in option.choices)
        raise WrongChoice(
            f"{option.title} of {environment.title} has to be one of: {known}.", field=where
        )
    text = value if isinstance(value, str) else ""
    try:
        if len(text) <= MOST_UNLISTED and allowed.allows(text):
            return allowed.settings(text)
    except ValueError:
        pass  # The pattern lets something through that is no number.
    says = allowed.validation_message or f"It has to match {allowed.validation_regex}."
    raise WrongChoice(
        f"{option.title} of {environment.title} can't be '{text[:80]}'. {says}", field=where
    )
