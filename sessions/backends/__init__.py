"""What the portal asks of a system that runs interactive sessions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Protocol

from django.utils.module_loading import import_string

from accounts.credentials import Credential
from vre_portal.config import get_config
from vre_portal.errors import UpstreamUnavailable

AUDIENCE = "jupyterhub"
NEVER = datetime.max.replace(tzinfo=UTC)


class ServerState(StrEnum):
    """Where a server of the hub stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class Server:
    """One server of one hub user; `url` is its path below the hub's public address."""

    handle: str
    name: str
    state: ServerState
    url: str = ""
    started_at: datetime | None = None
    last_activity: datetime | None = None
    options: Mapping[str, str] = field(default_factory=dict)


class ManyStarts(UpstreamUnavailable):
    """The hub starts as many sessions as it can at once: the next one waits so many seconds."""

    def __init__(self, seconds: float, *, service: str) -> None:
        super().__init__(
            "Many sessions are starting at the moment. Yours waits for its turn.", service=service
        )
        self.seconds = seconds


class Outcome(StrEnum):
    """What a line of progress says about the start."""

    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of a start's progress."""

    percent: int
    message: str
    outcome: Outcome = Outcome.WORKING
    url: str = ""


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """Whom a hub token belongs to and what it opens."""

    kind: str
    handle: str
    scopes: frozenset[str]


class SessionsBackend(Protocol):
    """A system that runs interactive sessions for people whom it knows by their handle."""

    def ensure_user(self, credential: Credential, handle: str) -> None:
        """Make the user known; nothing happens when they are."""
        ...

    def start(
        self,
        credential: Credential,
        handle: str,
        server: str,
        *,
        options: Mapping[str, str],
        display_name: str,
    ) -> None:
        """Ask for a server; one that is starting or runs already is left alone.

        Raises
        ------
        NotFound
            The user is not known.
        InvalidRequest, Forbidden, QuotaExceeded
            The hub's policy forbids it; the message is the hub's reason.
        ManyStarts
            It can be asked again after a while.
        UpstreamRefused
            The start failed at once; the reason is in `progress`.
        """
        ...

    def progress(
        self, credential: Credential, handle: str, server: str, *, seconds: float
    ) -> Iterator[Progress]:
        """Yield the progress of a start from its beginning, for so many seconds at most.

        Raises
        ------
        NotFound
            There is no such server, or its start was cancelled.
        """
        ...

    def get(self, credential: Credential, handle: str, server: str) -> Server:
        """Return a server, or raise `NotFound`."""
        ...

    def list_active(self, credential: Credential) -> list[Server]:
        """Return the servers that start, run or stop, of all users.

        One may be left out when others come and go meanwhile; `get` tells of it.
        """
        ...

    def stop(self, credential: Credential, handle: str, server: str) -> bool:
        """Stop a server, also one that is starting, and forget it; False while it still stops."""
        ...

    def mint_token(
        self, credential: Credential, handle: str, server: str, *, seconds: int
    ) -> Credential:
        """Return a credential that opens this one server for a while."""
        ...

    def opened_since(
        self, credential: Credential, handle: str, server: str, moment: datetime
    ) -> bool:
        """Whether the owner has been at a server with a browser since a moment."""
        ...

    def touch(self, credential: Credential, handle: str, server: str) -> None:
        """Count a server as used now, or raise `NotFound`."""
        ...

    def set_groups(self, credential: Credential, handle: str, groups: Sequence[str]) -> None:
        """Make these the groups of a known user, and no others."""
        ...

    def let_in(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Let another known user into a server, until they are shut out."""
        ...

    def shut_out(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Take that back; nothing happens when they were not let in."""
        ...

    def identify(self, credential: Credential) -> TokenOwner:
        """Return whom a token belongs to.

        Raises
        ------
        SignInRequired
            The hub does not know the token (any more).
        """
        ...


@cache
def get_backend() -> SessionsBackend:
    """Return the configured adapter."""
    backend: SessionsBackend = import_string(get_config().sessions_backend)()
    return backend


def service_credential() -> Credential:
    """Return the portal's own credential at the hub: it starts and stops for its users."""
    token = get_config().hub_token
    return hub_credential(token.get_secret_value() if token else "", account="portal")


def hub_credential(token: str, *, account: str = "", expires_at: datetime = NEVER) -> Credential:
    """Return a credential for a token that the hub gave."""
    return Credential(uuid.UUID(int=0), account, AUDIENCE, token, expires_at)
