"""What a session is started with: the environments file and a user's choices, checked.

Needs only PyYAML, so that any installation can check its environments file with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml


class ProfileError(ValueError):
    """The file or the choices are wrong; the text says which, and what there is instead."""


@dataclass(frozen=True)
class Launch:
    """How a session is run: the virtual environment's name, and its limits (None = no limit)."""

    title: str
    environment: str
    memory_gb: int | None = None
    lifetime_hours: int | None = None
    minutes_idle: int | None = None

    def over(self, *, began: float, seen: float, now: float) -> str | None:
        """Return why a session has to end, None when it may go on.

        `seen` is when somebody last used it; all times are seconds of one clock.
        """
        if self.lifetime_hours and now > began + self.lifetime_hours * 3600:
            return f"its lifetime of {self.lifetime_hours} hours is over"
        if self.minutes_idle and now > max(began, seen) + self.minutes_idle * 60:
            return f"nobody used it for {self.minutes_idle} minutes"
        return None


def read(path: Path) -> list[dict[str, Any]]:
    """Return the environments of a file, in its order.

    Raises
    ------
    ProfileError
        The file is absent, is no YAML, or lists nothing.
    """
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as exc:
        raise ProfileError(f"The environments file {path.name} can't be read: {exc}") from exc
    entries = document.get("environments") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries or not all(map(_is_entry, entries)):
        raise ProfileError(f"{path.name} has to list `environments`, each with a slug and a name.")
    return entries


def choose(entries: list[dict[str, Any]], wish: Mapping[str, Any]) -> Launch:
    """Return how to start what a user asks for; what the wish leaves open gets its default.

    `wish` is the hub's `user_options`: `{"profile": slug, "<option>": "<choice>"}`.

    Raises
    ------
    ProfileError
        An environment, an option or a choice that there is not.
    """
    entry = _profile(entries, wish.get("profile"))
    options: Mapping[str, Any] = entry.get("options") or {}
    unknown = sorted(set(wish) - set(options) - {"profile"})
    if unknown:
        known = ", ".join(options) or "none"
        raise ProfileError(
            f"Environment '{entry['slug']}' has no option '{unknown[0]}'. Its options: {known}."
        )
    settings = dict(entry.get("launch") or {})
    for key, option in options.items():
        settings |= _choice(entry["slug"], key, option["choices"], wish.get(key)).get("launch", {})
    return _launch(entry, settings)


def longest_idle(entries: list[dict[str, Any]]) -> int | None:
    """Return the longest idle time in minutes; None when an environment has no limit."""
    minutes = [entry.get("minutes_idle") for entry in entries]
    known = [one for one in minutes if one is not None]
    return max(known) if len(known) == len(minutes) else None


def _profile(entries: list[dict[str, Any]], slug: object) -> dict[str, Any]:
    if slug is None:
        return next((entry for entry in entries if entry.get("default")), entries[0])
    for entry in entries:
        if entry["slug"] == slug:
            return entry
    known = ", ".join(entry["slug"] for entry in entries)
    raise ProfileError(f"There is no environment '{slug}'. Choose one of: {known}.")


def _choice(
    profile: str, key: str, choices: Mapping[str, Mapping[str, Any]], wanted: object
) -> Mapping[str, Any]:
    if wanted is None:
        defaults = [choice for choice in choices.values() if choice.get("default")]
        return (defaults or list(choices.values()))[0]
    if str(wanted) not in choices:
        known = ", ".join(choices)
        raise ProfileError(
            f"Option '{key}' of environment '{profile}' can't be '{wanted}'. "
            f"Choose one of: {known}."
        )
    return choices[str(wanted)]


def _launch(entry: Mapping[str, Any], settings: Mapping[str, Any]) -> Launch:
    launch = Launch(
        title=entry["name"], environment=entry["slug"], minutes_idle=entry.get("minutes_idle")
    )
    try:
        return replace(launch, **settings)
    except TypeError as exc:
        raise ProfileError(
            f"Environment '{entry['slug']}': `launch` knows environment, memory_gb and "
            f"lifetime_hours, not {sorted(settings)}."
        ) from exc


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(field), str) for field in ("slug", "name")
    )
