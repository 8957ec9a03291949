"""The last lines of the server's log, with nothing in them that opens anything."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path

from vre_session import tokens

KEPT = 2000
LONGEST = 2000
HIDDEN = "[hidden]"
#: A JWT wherever it stands; a value behind a name that tells a secret; a header's credentials.
SECRETS = re.compile(
    r"eyJ[\w-]{8,}(?:\.[\w-]*){1,4}"
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{16,}"
    r"|(?i:(?<=token=)|(?<=password=)|(?<=secret=)|(?<=code=)|(?<=state=)|(?<=_xsrf=))[^\s&\"']+"
)
TELLING = re.compile(r"token|secret|password|key", re.IGNORECASE)
LEAST_SECRET = 12


class Ring(logging.Handler):
    """Keeps the last lines of a log in memory."""

    def __init__(self, variables: Mapping[str, str], said: Iterable[str] = ()) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._variables = variables
        self._lines: deque[str] = deque(maxlen=KEPT)
        for line in said:
            self._keep(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, hidden already: what is in memory can be read."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - as logging's own handlers: a log line stops nobody
            self.handleError(record)
            return
        for line in text.splitlines():
            self._keep(line)

    def last(self, count: int) -> list[str]:
        """Return so many lines, the newest last."""
        return list(self._lines)[-count:] if count > 0 else []

    def _keep(self, line: str) -> None:
        self._lines.append(hide(line, secrets_of(self._variables))[:LONGEST])


def hide(line: str, secrets: Iterable[str] = ()) -> str:
    """Return a line without what looks like a secret, and without those that are known."""
    for secret in secrets:
        line = line.replace(secret, HIDDEN)
    return SECRETS.sub(HIDDEN, line)


def secrets_of(variables: Mapping[str, str]) -> list[str]:
    """Return the secrets of the environment, and the tokens of now."""
    told = [
        value
        for name, value in variables.items()
        if TELLING.search(name) and not value.startswith("/") and "://" not in value
    ]
    for audience in tokens.audiences(variables):
        try:
            told.append(tokens.read(variables, audience))
        except tokens.NoToken:
            continue
    return [secret for secret in told if len(secret) >= LEAST_SECRET]


def said_at_the_start(variables: Mapping[str, str]) -> list[str]:
    """Return what the launcher said before the server was there."""
    try:
        return Path(variables["VRE_SESSION_DIR"], "start.log").read_text().splitlines()
    except OSError:
        return []
