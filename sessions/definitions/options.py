"""Read an environment's options: choices, and what each of them settles."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sessions.definitions.nodes import Place
from sessions.definitions.values import Accelerator, Choice, Option, Settings, UnlistedChoice

SETTINGS = (
    "cpu", "cpu_guarantee", "memory_gb", "memory_guarantee_gb", "accelerator", "lifetime_hours",
    "image", "local",
)  # fmt: skip
OPTION = ("title", "help", "choices", "unlisted_choice")
CHOICE = ("title", "description", "default", *SETTINGS)
UNLISTED = ("title", "sets", "validation_regex", "validation_message")
ACCELERATOR = ("name", "kind", "count", "node_selector")
UNLISTED_SETS = ("image", "memory_gb")

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CHOICE_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
#: KubeSpawner's own words: the key of the environment, and the entry that opens the free field.
TAKEN = {"profile", "unlisted-choice"}
IMAGE = re.compile(r"[a-z0-9][a-z0-9._:/-]*(:[A-Za-z0-9._-]+)?@sha256:[0-9a-f]{64}")
LOCAL = re.compile(r"[a-z0-9][a-z0-9_-]*")


def options(entry: Place) -> tuple[Option, ...]:
    """Return the options of an environment."""
    place = entry.get("options")
    place = place.mapping() if place else None
    if place is None:
        return ()
    read = (_option(key, each) for key, each in place.fields.items())
    return tuple(option for option in read if option is not None)


def settings(entry: Place) -> Settings:
    """Return what an entry settles."""
    made = Settings(
        cpu=number(entry, "cpu"),
        cpu_guarantee=number(entry, "cpu_guarantee"),
        memory_gb=number(entry, "memory_gb"),
        memory_guarantee_gb=number(entry, "memory_guarantee_gb"),
        accelerator=_accelerator(entry),
        lifetime_hours=number(entry, "lifetime_hours"),
        image=matching(entry, "image", IMAGE, "repo/name@sha256:... with the digest") or None,
        local=matching(entry, "local", LOCAL, "the name of a folder: a-z, 0-9, _ and -") or None,
    )
    _guaranteed(entry, "cpu_guarantee", made.cpu_guarantee, made.cpu)
    _guaranteed(entry, "memory_guarantee_gb", made.memory_guarantee_gb, made.memory_gb)
    return made


def text(entry: Place, name: str, *, needed: bool = False, most: int | None = None) -> str:
    """Return a text field, empty when it is absent."""
    place = entry.get(name)
    if place is None:
        if needed:
            entry.wrong(f"needs `{name}`")
        return ""
    found = place.text()
    if most and len(found) > most:
        place.wrong(f"may have at most {most} characters")
    return found


def matching(
    entry: Place, name: str, pattern: re.Pattern[str], says: str, *, needed: bool = False
) -> str:
    """Return a text field of a certain shape."""
    found = text(entry, name, needed=needed)
    if found and not pattern.fullmatch(found):
        entry.fields[name].wrong(f"has to be {says}")
    return found


def number(entry: Place, name: str) -> float | None:
    """Return a field with a number above 0."""
    place = entry.get(name)
    return place.number() if place else None


def texts(entry: Place, name: str) -> tuple[str, ...]:
    """Return a field with a list of texts."""
    place = entry.get(name)
    return place.texts() if place else ()


def _guaranteed(entry: Place, name: str, value: float | None, limit: float | None) -> None:
    if value and (limit is None or value > limit):
        entry.fields[name].wrong(
            f"can't be more than `{name.replace('_guarantee', '')}`, which has to stand beside it"
        )


def _option(key: str, place: Place) -> Option | None:
    entry = place.mapping()
    if entry is None:
        return None
    entry.only(OPTION)
    if not KEY.fullmatch(key) or key in TAKEN:
        entry.wrong("an option's key has to be a-z, 0-9 and _, and not 'profile'")
    choices, default = _choices(entry)
    unlisted = _unlisted(entry)
    if choices and not unlisted and not any(choice.settings.names for choice in choices):
        entry.wrong(f"no choice changes anything; give one of {', '.join(SETTINGS)}")
    return Option(
        key=key,
        title=text(entry, "title", needed=True),
        help=text(entry, "help"),
        choices=choices,
        default=default,
        unlisted=unlisted,
    )


def _choices(entry: Place) -> tuple[tuple[Choice, ...], str]:
    place = entry.get("choices")
    place = place.mapping() if place else None
    if place is None or not place.fields:
        (place or entry).wrong("needs at least one of `choices`")
        return (), ""
    made = {key: _choice(key, each) for key, each in place.fields.items()}
    defaults = [key for key, (_, default) in made.items() if default]
    if len(defaults) > 1:
        place.wrong(f"only one may be the default, not {' and '.join(defaults)}")
    return tuple(choice for choice, _ in made.values()), (defaults or list(made))[0]


def _choice(key: str, place: Place) -> tuple[Choice, bool]:
    entry = place.mapping()
    if entry is None:
        return Choice(key, key), False
    entry.only(CHOICE)
    if not CHOICE_SLUG.fullmatch(key) or key in TAKEN:
        entry.wrong("a choice's key has to be letters, digits, '.', _ and -, at most 40")
    default = entry.get("default")
    title = text(entry, "title", needed=True)
    choice = Choice(key, title, text(entry, "description"), settings(entry))
    return choice, default is not None and default.flag()


def _unlisted(entry: Place) -> UnlistedChoice | None:
    place = entry.get("unlisted_choice")
    found = place.mapping() if place else None
    if found is None:
        return None
    found.only(UNLISTED)
    made = UnlistedChoice(
        title=text(found, "title", needed=True),
        sets=text(found, "sets", needed=True),
        validation_regex=text(found, "validation_regex", needed=True),
        validation_message=text(found, "validation_message"),
    )
    _unlisted_checked(found, made)
    return made


def _unlisted_checked(found: Place, made: UnlistedChoice) -> None:
    if made.sets and made.sets not in UNLISTED_SETS:
        found.fields["sets"].wrong(f"has to be one of {', '.join(UNLISTED_SETS)}")
    pattern = made.validation_regex
    if not pattern:
        return
    place = found.fields["validation_regex"]
    # KubeSpawner looks only at the beginning: without the end anything could follow.
    if not (pattern.startswith("^") and pattern.endswith("$")):
        place.wrong("has to begin with ^ and to end with $")
    try:
        re.compile(pattern)
    except re.error as exc:
        place.wrong(f"is no regular expression: {exc}")


def _accelerator(entry: Place) -> Accelerator | None:
    place = entry.get("accelerator")
    found = place.mapping() if place else None
    if found is None:
        return None
    found.only(ACCELERATOR)
    count, selector = found.get("count"), found.get("node_selector")
    selected: Mapping[str, str] = selector.pairs() if selector else {}
    return Accelerator(
        name=text(found, "name", needed=True),
        kind=text(found, "kind", needed=True),
        count=(count.whole() if count else 1) or 1,
        node_selector=selected,
    )
