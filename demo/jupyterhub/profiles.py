"""What the hub makes of the site's environments: what it can enforce, and when it ends a session.

The portal checks what people ask for with the same package, and ends sessions itself: by their
lifetime, which it can extend, and unused. The hub ends what the portal should have ended already.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

from sessions import definitions
from sessions.definitions import Definitions, Environment, Launch

#: The portal comes first: the hub ends a session so much later.
LIFETIME_MARGIN_HOURS = 0.25
IDLE_MARGIN_SECONDS = 3600
#: The slugs of what people made, and so the names of its files.
OWN = re.compile(r"own-[0-9a-f]{12}")
#: For a site that sets no idle time.
IDLE_SECONDS = 12 * 3600


class ProfileError(ValueError):
    """A session can't be started so; the text is for the user, the status is the answer's."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


def read(path: Path) -> Definitions:
    """Return what the file defines, read again when it changes.

    Raises
    ------
    ProfileError
        500: the file has faults, or it can't be read.
    """
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, definitions.FileInvalid) as exc:
        raise ProfileError(f"The site's environments are misconfigured: {exc}", status=500) from exc


def choose(
    path: Path,
    wish: Mapping[str, Any],
    *,
    handle: str,
    groups: Collection[str],
    made: Path | None = None,
) -> Launch:
    """Return how to start what a user asks for; what the wish leaves open gets its default.

    `wish` is the hub's `user_options`: `{"profile": slug, "<option>": "<choice>"}`. `made` is the
    folder of what people made, a file for each: who may use it, the same check tells.

    Raises
    ------
    ProfileError
        400: something that there is not. 403: it is for others. 500: this hub can't do it.
    """
    known = _made_by_people(made, wish.get("profile")) or read(path).environments
    today = datetime.now(UTC).date()
    try:
        launch = definitions.choose(known, wish, handle=handle, groups=groups, today=today)
    except definitions.NotForYou as exc:
        raise ProfileError(exc.message, status=403) from exc
    except definitions.WrongChoice as exc:
        raise ProfileError(exc.message) from exc
    if launch.local is None or launch.accelerator is not None:
        what = "images" if launch.local is None else "accelerators"
        raise ProfileError(f"{launch.title} can't be started: this hub has no {what}.", status=500)
    return launch


def _made_by_people(made: Path | None, slug: object) -> tuple[Environment, ...]:
    if made is None or not OWN.fullmatch(str(slug)):
        return ()
    file = made / f"{slug}.yaml"
    return read(file).environments if file.exists() else ()


def overdue(launch: Launch, *, began: float, now: float) -> str | None:
    """Return why the hub has to end a session, None when it may go on.

    A lifetime may have been extended: only what no extension allows is ended here.
    """
    longest = launch.longest_hours
    if longest and now > began + (longest + LIFETIME_MARGIN_HOURS) * 3600:
        return f"nothing may run longer than {longest:g} hours"
    return None


def culling_seconds(found: Definitions) -> int:
    """Return after how many unused seconds the hub's culler ends a session."""
    minutes = found.longest_idle
    return (minutes * 60 if minutes else IDLE_SECONDS) + IDLE_MARGIN_SECONDS


def processors(cpu: float, available: Collection[int], *, turn: int) -> list[int]:
    """Return which of the machine's processors a session gets; turns spread over them."""
    known = sorted(available)
    first = turn % len(known)
    return sorted((known[first:] + known[:first])[: max(1, ceil(cpu))])


@lru_cache(maxsize=100)
def _read(path: Path, changed: int) -> Definitions:  # `changed` makes the cache's key
    return definitions.read(path)
