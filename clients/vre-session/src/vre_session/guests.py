"""Who besides its owner may use this session, and how far."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from vre_session import tokens

NAME = re.compile(r"[^\s/]{1,255}")
MOST = 500
#: What the portal asks of a session is between it and the owner.
OURS = "vre"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: First parts of addresses that show something and act for nobody. Other extensions answer GET
#: with what is the owner's own, REANA's with the token: a guest who looks sees only these.
SHOWN = frozenset(
    {
        *("", "lab", "doc", "tree", "notebooks", "edit", "static", "files", "view", "nbconvert"),
        *("api", "kernelspecs", "custom", "favicon.ico", "oauth_callback", "logout", "hub"),
    }
)
#: Below `api`: terminals and what others run are not to be listed either.
SHOWN_API = frozenset(
    {
        *("", "contents", "kernels", "kernelspecs", "sessions", "status", "me", "spec.yaml"),
        *("config", "security", "events"),
    }
)


class Level(enum.StrEnum):
    """How far a guest may go."""

    VIEW = "view"
    WORK = "work"


class WrongList(ValueError):
    """What was sent is no list of guests; the text says why."""


@dataclass
class Guests:
    """The list, in memory and in the session's folder; the owner is on it always."""

    owner: str
    file: Path
    levels: dict[str, Level] = field(default_factory=dict)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Guests:
        """Return the list as it was when the session was last there."""
        guests = cls(variables["JUPYTERHUB_USER"], Path(variables["VRE_SESSION_DIR"], "guests"))
        try:
            guests.levels = parsed(json.loads(guests.file.read_text()))
        except (OSError, ValueError):
            guests.levels = {}
        return guests

    def replace(self, levels: Mapping[str, Level]) -> set[str]:
        """Take a new list; return whose level is not what it was."""
        before, self.levels = self.levels, dict(levels)
        tokens.write_private(self.file, json.dumps(self.levels))
        return {name for name in before if self.levels.get(name) != before[name]}

    def may_open(self, name: str, method: str, path: str) -> bool:
        """Whether somebody may ask for an address below the session's base at all."""
        if name == self.owner:
            return True
        level = self.levels.get(name)
        # As Jupyter reads it: a quoted slash parts too, and what is quoted twice is a plain name.
        parts = unquote(path).strip("/").split("/")
        if level is None or parts[0] == OURS:
            return False
        return level is Level.WORK or (method in READING and _is_shown(parts))

    def may_do(self, name: str, action: str, resource: str) -> bool:
        """Whether somebody may do this, in the words of Jupyter's authorizer."""
        if name == self.owner:
            return True
        level = self.levels.get(name)
        if level is None or resource == OURS:
            return False
        return level is Level.WORK or (action == "read" and resource != "terminals")


def parsed(told: object) -> dict[str, Level]:
    """Return a list of guests from JSON.

    Raises
    ------
    WrongList
        It is none.
    """
    if not isinstance(told, dict) or len(told) > MOST:
        raise WrongList(f'guests: an object as {{"name": "view"}}, of at most {MOST}.')
    wrong = [name for name in told if not NAME.fullmatch(name)]
    if wrong:
        raise WrongList("guests: each needs a name.")
    try:
        return {name: Level(level) for name, level in told.items()}
    except ValueError as exc:
        raise WrongList("guests: each is 'view' or 'work'.") from exc


def _is_shown(parts: list[str]) -> bool:
    if parts[0] not in SHOWN or (parts[0] == "api" and "".join(parts[1:2]) not in SHOWN_API):
        return False
    return not any(part.startswith(".") for part in parts)
