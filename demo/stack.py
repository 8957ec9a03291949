"""What the demo is made of: where a stack's things live, and the shape of one component."""

from __future__ import annotations

import fcntl
import json
import os
import secrets as random_secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_STATE = REPOSITORY / ".demo"
DEFAULT_PORT = 8800

#: Offset of each listener from the stack's base port; two stacks run side by side on two bases.
PORT_OFFSETS: Mapping[str, int] = {
    "portal": 0,
    "iam-escape": 1,
    "iam-checkin": 2,
    "rucio": 3,
    "hub": 4,
    "hub-api": 5,
    "hub-proxy-api": 6,
    "reana": 7,
    "postgres": 8,
    "valkey": 9,
    "storage": 10,
    "mail": 11,
}


@dataclass(frozen=True)
class Stack:
    """One embedded stack: its state folder, its ports and its secrets."""

    state: Path = DEFAULT_STATE
    port: int = DEFAULT_PORT
    environments: Path = field(default=DEFAULT_STATE / "envs")

    def folder(self, *parts: str) -> Path:
        """Return a folder below the state folder, made when absent."""
        path = self.state.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def port_of(self, listener: str) -> int:
        """Return the TCP port of a listener (a key of `PORT_OFFSETS`)."""
        return self.port + PORT_OFFSETS[listener]

    def url(self, listener: str, path: str = "") -> str:
        """Return the loopback URL of a listener; it ends with a slash only if `path` does."""
        return f"http://127.0.0.1:{self.port_of(listener)}{path}"

    def python(self, environment: str) -> Path:
        """Return the interpreter of a component's virtual environment."""
        return self.environments / environment / "bin" / "python"

    def packages(self, environment: str) -> Path:
        """Return the folder in which an environment's packages lie."""
        major, minor = sys.version_info[:2]
        return self.environments / environment / "lib" / f"python{major}.{minor}" / "site-packages"

    def binary(self, environment: str, name: str) -> Path:
        """Return a program of a component's virtual environment."""
        return self.environments / environment / "bin" / name

    def secret(self, name: str, *, length: int = 24) -> str:
        """Return a named secret of this stack, made at its first use (`secrets.json`, 0600)."""
        store = self.state / "secrets.json"
        known = _read_secrets(store)
        if name in known:
            return known[name]
        # Components are prepared side by side: without the lock one would drop another's secret.
        with (self.folder() / "secrets.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = _read_secrets(store)
            if name not in known:
                known[name] = random_secrets.token_urlsafe(length)
                write_private(store, json.dumps(known, indent=1, sort_keys=True))
        return known[name]

    def database_url(self, database: str) -> str:
        """Return the libpq URL of a component's own database and role (both named `database`)."""
        password = self.secret(f"postgres-{database}")
        return f"postgresql://{database}:{password}@127.0.0.1:{self.port_of('postgres')}/{database}"

    def valkey_url(self, number: int = 0) -> str:
        """Return the URL of a numbered Valkey database."""
        return f"redis://:{self.secret('valkey')}@127.0.0.1:{self.port_of('valkey')}/{number}"


@dataclass(frozen=True)
class Component:
    """One process of the stack.

    `prepare` runs before each start, must be idempotent, and may use the components in `needs`,
    which are up by then. `command` and `variables` are asked at each start; the process runs in
    `folder` with only `variables` and the few harmless ones of the caller (PATH, HOME, LANG, TZ).
    `health` answers None when the component is ready, else what is missing, in a few words.
    `finish` runs after each start, once it is ready and before those that need it; idempotent too.
    """

    name: str
    title: str
    command: Callable[[Stack], Sequence[str]]
    health: Callable[[Stack], str | None]
    needs: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    #: Environments that are made once all is up: nothing waits for them.
    later: tuple[str, ...] = ()
    prepare: Callable[[Stack], None] = lambda stack: None
    variables: Callable[[Stack], Mapping[str, str]] = lambda stack: {}
    url: Callable[[Stack], str | None] = lambda stack: None
    stop_signal: int = 15
    stop_seconds: float = 10.0
    start_seconds: float = 90.0
    finish: Callable[[Stack], None] = lambda stack: None


def write_private(path: Path, text: str) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    part.replace(path)


def _read_secrets(store: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(store.read_text()) if store.exists() else {}
    return known
