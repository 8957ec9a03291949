"""A hub in memory: it keeps users, servers, files and tokens, and fails when told to."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from accounts.credentials import Credential
from sessions.backends import (
    Outcome,
    Progress,
    Server,
    ServerState,
    TokenOwner,
    hub_credential,
)
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    SignInRequired,
    UpstreamRefused,
)

NAMES = re.compile(r"[a-z0-9-]{1,40}")
PROFILES = {"physics", "light"}
MOST_SERVERS = 5
SERVICE = "service-token"


class Start(Enum):
    """How the next start goes."""

    READY = auto()
    HANGS = auto()
    FAILS = auto()
    FAILS_AT_ONCE = auto()


@dataclass
class FakeServer:
    """A server, its folder, and how its start goes."""

    server: Server
    display_name: str
    goes: Start
    guests: set[str] = field(default_factory=set)


class FakeHub:
    """Takes the place of the hub's adapter."""

    def __init__(self) -> None:
        self.users: set[str] = set()
        self.groups: dict[str, set[str]] = {}
        self.servers: dict[tuple[str, str], FakeServer] = {}
        self.tokens: dict[str, TokenOwner] = {}
        self.browsers: dict[tuple[str, str], datetime] = {}
        self.calls: Counter[str] = Counter()
        self.goes = Start.READY
        self.reason = "The session ended at once (exit code 1)."
        #: Servers that a list by pages passes over.
        self.passed_over: set[tuple[str, str]] = set()
        self._failures: dict[str, list[PortalError]] = {}
        self._meanwhile: dict[str, Callable[[], object]] = {}

    def fail_on(self, method: str, error: PortalError, *, times: int = 1_000) -> None:
        """Make the next calls of a method raise."""
        self._failures[method] = [error] * times

    def meanwhile(self, method: str, act: Callable[[], object]) -> None:
        """Have something happen elsewhere while the next call of a method is under way."""
        self._meanwhile[method] = act

    def recover(self) -> None:
        """Answer again."""
        self._failures.clear()

    def state_of(self, handle: str, server: str) -> ServerState | None:
        """Return a server's state, None when the hub does not know it."""
        found = self.servers.get((handle, server))
        return found.server.state if found else None

    def run_elsewhere(self, handle: str, server: str, **options: str) -> None:
        """Have a server run that nobody started through this adapter."""
        self.users.add(handle)
        path = f"/user/{handle}/{server}/"
        now = datetime.now(UTC)
        running = Server(handle, server, ServerState.READY, path, now, now, options)
        self.servers[handle, server] = FakeServer(running, server, Start.READY)

    def cull(self, handle: str, server: str) -> None:
        """Stop a server as the hub's culler does: it is stopped, and still known."""
        self._set(handle, server, ServerState.STOPPED)

    def session_token(self, handle: str, server: str) -> str:
        """Return the token that the hub gives to a running server itself."""
        me = f"!user={handle}"
        scopes = {
            f"access:servers!server={handle}/{server}",
            f"users:activity{me}",
            *(f"read:users:{part}{me}" for part in ("activity", "groups", "name")),
        }
        return self.token("user", handle, scopes)

    def token(self, kind: str, name: str, scopes: set[str]) -> str:
        """Return a token of any kind."""
        token = secrets.token_hex(16)
        self.tokens[token] = TokenOwner(kind, name, frozenset(scopes))
        return token

    def ensure_user(self, credential: Credential, handle: str) -> None:
        """Make the user known."""
        self._called("ensure_user", credential)
        self.users.add(handle)

    def start(
        self,
        credential: Credential,
        handle: str,
        server: str,
        *,
        options: Mapping[str, str],
        display_name: str,
    ) -> None:
        """Start as `goes` says."""
        self._called("start", credential)
        if handle not in self.users:
            raise NotFound("JupyterHub has no such session.", service="jupyterhub")
        self._check(handle, server, options)
        found = self.servers.get((handle, server))
        if found and found.server.state in {ServerState.STARTING, ServerState.READY}:
            return
        now = datetime.now(UTC)
        path = f"/user/{handle}/{server}/"
        starting = Server(handle, server, ServerState.STARTING, path, now, now, dict(options))
        self.servers[handle, server] = FakeServer(starting, display_name, self.goes)
        if self.goes is Start.FAILS_AT_ONCE:
            self._set(handle, server, ServerState.STOPPED)
            raise UpstreamRefused("JupyterHub could not start the session.", service="jupyterhub")

    def progress(
        self, credential: Credential, handle: str, server: str, *, seconds: float
    ) -> Iterator[Progress]:
        """Tell the start from its beginning; a stream that hangs ends without an end."""
        self._called("progress", credential)
        found = self._found(handle, server)
        if found.goes is Start.FAILS_AT_ONCE:
            yield Progress(100, self.reason, Outcome.FAILED)
            return
        yield Progress(0, "Server requested")
        yield Progress(10, "Preparing your folder")
        if found.goes is Start.FAILS:
            self._set(handle, server, ServerState.STOPPED)
            yield Progress(100, self.reason, Outcome.FAILED)
        elif found.goes is Start.READY:
            self._set(handle, server, ServerState.READY)
            yield Progress(100, "Server ready", Outcome.READY, found.server.url)

    def get(self, credential: Credential, handle: str, server: str) -> Server:
        """Return a server."""
        self._called("get", credential)
        return self._found(handle, server).server

    def list_active(self, credential: Credential) -> list[Server]:
        """Return those that are not stopped."""
        self._called("list_active", credential)
        shown = self.servers.keys() - self.passed_over
        servers = [found.server for key, found in self.servers.items() if key in shown]
        return [server for server in servers if server.state is not ServerState.STOPPED]

    def stop(self, credential: Credential, handle: str, server: str) -> bool:
        """Stop and forget."""
        self._called("stop", credential)
        self.servers.pop((handle, server), None)
        return True

    def mint_token(
        self, credential: Credential, handle: str, server: str, *, seconds: int
    ) -> Credential:
        """Return a token for one server."""
        self._called("mint_token", credential)
        scopes = {
            f"access:servers!server={handle}/{server}",
            f"read:users:groups!user={handle}",
            f"read:users:name!user={handle}",
        }
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        return hub_credential(self.token("user", handle, scopes), account=handle, expires_at=until)

    def opened_since(
        self, credential: Credential, handle: str, server: str, moment: datetime
    ) -> bool:
        """Tell of the browsers that were there."""
        self._called("opened_since", credential)
        seen = self.browsers.get((handle, server))
        return seen is not None and seen >= moment

    def open_in_browser(self, handle: str, server: str) -> None:
        """Have the owner open a server now."""
        self._found(handle, server)
        self.browsers[handle, server] = datetime.now(UTC)

    def touch(self, credential: Credential, handle: str, server: str) -> None:
        """Count it as used now."""
        self._called("touch", credential)
        found = self._found(handle, server)
        found.server = replace(found.server, last_activity=datetime.now(UTC))

    def set_groups(self, credential: Credential, handle: str, groups: Sequence[str]) -> None:
        """Keep the groups of a known user."""
        self._called("set_groups", credential)
        if handle not in self.users:
            raise NotFound("JupyterHub has no such session.", service="jupyterhub")
        self.groups[handle] = set(groups)

    def let_in(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Let a known user in."""
        self._called("let_in", credential)
        if guest not in self.users:
            raise InvalidRequest(f"No such user: {guest}", service="jupyterhub")
        self._found(handle, server).guests.add(guest)

    def shut_out(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Let nobody in by that name any more."""
        self._called("shut_out", credential)
        if found := self.servers.get((handle, server)):
            found.guests.discard(guest)

    def identify(self, credential: Credential) -> TokenOwner:
        """Return whose token it is."""
        self._called("identify", None)
        if credential.token not in self.tokens:
            raise SignInRequired("JupyterHub does not know this token: the session has stopped.")
        return self.tokens[credential.token]

    def _called(self, method: str, credential: Credential | None) -> None:
        self.calls[method] += 1
        if act := self._meanwhile.pop(method, None):
            act()
        if self._failures.get(method):
            raise self._failures[method].pop()
        if credential is not None and credential.account != "portal":
            raise Forbidden("Only the portal's own token may do this.", service="jupyterhub")

    def _check(self, handle: str, server: str, options: Mapping[str, str]) -> None:
        if not NAMES.fullmatch(server):
            raise InvalidRequest(f"Invalid server_name: {server!r}", service="jupyterhub")
        if options.get("profile") not in PROFILES:
            raise InvalidRequest("There is no such environment.", service="jupyterhub")
        mine = [key for key in self.servers if key[0] == handle and key[1] != server]
        if len(mine) >= MOST_SERVERS:
            raise QuotaExceeded(
                "You have as many sessions as this site allows. Stop one, then start this one.",
                service="jupyterhub",
            )

    def _found(self, handle: str, server: str) -> FakeServer:
        found = self.servers.get((handle, server))
        if found is None:
            raise NotFound("JupyterHub has no such session.", service="jupyterhub")
        return found

    def _set(self, handle: str, server: str, state: ServerState) -> None:
        found = self._found(handle, server)
        found.server = replace(found.server, state=state)
