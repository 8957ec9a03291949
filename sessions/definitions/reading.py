"""Read a file of environments: every fault at once, by file, line and field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from sessions.definitions.faults import Fault, FileInvalid
from sessions.definitions.nodes import Place
from sessions.definitions.options import (
    SETTINGS,
    matching,
    number,
    options,
    settings,
    text,
    texts,
)
from sessions.definitions.values import Definitions, Environment, Kind, Status
from sessions.definitions.volumes import volumes

FILE = ("capacity", "volumes", "environments")
CAPACITY = ("accelerators",)
ENVIRONMENT = (
    "slug", "title", "description", "logo", "kind", "image", "local", "versions", "packages",
    "extensions", "options", "groups", "owner", "status", "deprecated_until", "use_instead",
    "minutes_idle", "max_lifetime_hours", "extend_hours", "default_url",
    *(name for name in SETTINGS if name not in {"image", "local"}),
)  # fmt: skip

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
LOGO = re.compile(r"[a-z0-9][a-z0-9-]*\.svg")
URL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/?=&%-]*")
MOST_TITLE = 200
RUNS = {"image", "local"}

T = TypeVar("T", bound=StrEnum)


def read(path: Path) -> Definitions:
    """Return what a file defines.

    Raises
    ------
    FileInvalid
        Has every fault of the file.
    OSError
        There is no such file, or it can't be read.
    """
    return parse(path.read_text(errors="replace"), name=path.name)


def parse(written: str, *, name: str = "environments.yaml") -> Definitions:
    """Return what a text defines, or raise `FileInvalid` with its faults under this name."""
    try:
        node = yaml.compose(written, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        raise FileInvalid(name, [_not_yaml(exc)]) from exc
    faults: list[Fault] = []
    if node is None:
        faults.append(Fault(1, "", "the file is empty; it has to list `environments`"))
    found = _definitions(Place(node, 1, faults)) if node is not None else None
    if faults or found is None:
        raise FileInvalid(name, faults)
    return found


def _not_yaml(exc: yaml.YAMLError) -> Fault:
    mark = exc.problem_mark if isinstance(exc, yaml.MarkedYAMLError) else None
    problem = exc.problem if isinstance(exc, yaml.MarkedYAMLError) else str(exc)
    return Fault(mark.line + 1 if mark else 1, "", f"this is not YAML: {problem}")


def _definitions(root: Place) -> Definitions | None:
    file = root.mapping()
    if file is None:
        return None
    file.only(FILE)
    listed = file.get("environments")
    entries = listed.items() if listed else []
    if not entries:
        (listed or file).wrong("has to list at least one environment under `environments`")
    found = [read for place in entries if (read := _environment(place)) is not None]
    _together(found)
    return Definitions(tuple(made for _, made in found), _accelerators(file), volumes(file))


def _accelerators(file: Place) -> dict[str, int]:
    capacity = file.get("capacity")
    capacity = capacity.mapping() if capacity else None
    if capacity is None:
        return {}
    capacity.only(CAPACITY)
    kinds = capacity.get("accelerators")
    kinds = kinds.mapping() if kinds else None
    if kinds is None:
        return {}
    counts = {name: each.whole() for name, each in kinds.fields.items()}
    return {name: count for name, count in counts.items() if count is not None}


def _environment(place: Place) -> tuple[Place, Environment] | None:
    entry = replace(place, owner=f"{place.where}{_label(place.node)}", path=()).mapping()
    if entry is None:
        return None
    entry.only(ENVIRONMENT)
    status = _one_of(entry, "status", Status, Status.OFFERED)
    until, idle = entry.get("deprecated_until"), entry.get("minutes_idle")
    made = Environment(
        slug=matching(entry, "slug", SLUG, "a-z, 0-9 and -, at most 60", needed=True),
        title=text(entry, "title", needed=True, most=MOST_TITLE),
        kind=_one_of(entry, "kind", Kind, Kind.JUPYTERLAB),
        description=text(entry, "description"),
        logo=matching(entry, "logo", LOGO, "the name of an .svg in static/img/environments"),
        versions=versions.pairs() if (versions := entry.get("versions")) else {},
        packages=texts(entry, "packages"),
        extensions=texts(entry, "extensions"),
        options=options(entry),
        groups=texts(entry, "groups"),
        owner=text(entry, "owner"),
        status=status,
        deprecated_until=until.day() if until else None,
        use_instead=text(entry, "use_instead"),
        minutes_idle=idle.whole() if idle else None,
        max_lifetime_hours=number(entry, "max_lifetime_hours"),
        extend_hours=number(entry, "extend_hours"),
        opens=matching(entry, "default_url", URL, "an address below the session's own"),
        settings=settings(entry),
    )
    _deprecation(entry, made)
    _what_runs(entry, made)
    _lifetimes(entry, made)
    _once(entry, made)
    return entry, made


def _label(node: yaml.Node) -> str:
    """Return an entry's slug, which says more than its number."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((f" '{value.value}'" for key, value in pairs if key.value == "slug"), "")


def _one_of(entry: Place, name: str, known: type[T], default: T) -> T:
    place = entry.get(name)
    if place is None:
        return default
    try:
        return known(place.text())
    except ValueError:
        place.wrong(f"has to be one of {', '.join(known)}")
        return default


def _deprecation(entry: Place, made: Environment) -> None:
    if made.status is Status.DEPRECATED and entry.get("deprecated_until") is None:
        entry.wrong("a deprecated environment needs `deprecated_until`, its last day")
    if made.status is not Status.DEPRECATED:
        for name in ("deprecated_until", "use_instead"):
            if found := entry.get(name):
                found.wrong("is only for an environment with `status: deprecated`")


def _what_runs(entry: Place, made: Environment) -> None:
    """What runs on Kubernetes and what runs in the demo are chosen together, or not at all."""
    own = RUNS & set(made.settings.names)
    chosen = [
        (option, [RUNS & set(choice.settings.names) for choice in option.choices])
        for option in made.options
    ]
    given = own or RUNS & entry.fields.keys()
    if not given and not any(sets and all(sets) for _, sets in chosen):
        entry.wrong("needs an `image` or a `local` environment, or one in each choice")
    for option, sets in chosen:
        needed = own.union(*sets)
        for choice, named in zip(option.choices, sets, strict=True):
            for name in sorted(needed - named if named else ()):
                entry.wrong(f"options.{option.key}.choices.{choice.slug} has to set `{name}` too")


def _lifetimes(entry: Place, made: Environment) -> None:
    longest = made.max_lifetime_hours
    if made.extend_hours and not longest and "max_lifetime_hours" not in entry.fields:
        entry.fields["extend_hours"].wrong(
            "needs `max_lifetime_hours`, which says how far a session may be extended"
        )
    hours = [made.settings.lifetime_hours]
    hours += [choice.settings.lifetime_hours for each in made.options for choice in each.choices]
    known = [each for each in hours if each]
    if longest and known and max(known) > longest:
        entry.fields["max_lifetime_hours"].wrong(
            f"has to be at least the longest lifetime, {max(known):g} hours"
        )


def _once(entry: Place, made: Environment) -> None:
    """Two options that settle the same thing: the one that came last would win unseen."""
    by: dict[str, str] = {}
    for each in made.options:
        names = {name for choice in each.choices for name in choice.settings.names}
        names |= {each.unlisted.sets} if each.unlisted else set()
        if "accelerator" in names and made.settings.accelerator:
            entry.wrong(f"sets an accelerator, and its option '{each.key}' does: leave one out")
        for name in sorted(names):
            if name in by:
                entry.wrong(f"the options '{by[name]}' and '{each.key}' both set {name}")
            by[name] = each.key


def _together(found: Sequence[tuple[Place, Environment]]) -> None:
    """Note what does not fit together among the environments."""
    seen: dict[str, Environment] = {}
    defaults: list[str] = []
    for place, made in found:
        if made.slug and made.slug in seen:
            place.wrong(f"the slug '{made.slug}' stands here twice")
        if made.default and defaults:
            place.wrong(f"only one may be the default, and '{defaults[0]}' is")
        defaults += [made.slug] if made.default else []
        seen.setdefault(made.slug, made)
    for place, made in found:
        successor = seen.get(made.use_instead)
        if made.use_instead and (successor is None or successor.status is Status.DEPRECATED):
            place.wrong(
                f"use_instead: '{made.use_instead}' is no environment that is still offered"
            )
