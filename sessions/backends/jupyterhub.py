"""JupyterHub (REST of 6.1): the only file that knows how it speaks.

https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, NoReturn
from urllib.parse import quote

import requests
from django.utils import timezone

from accounts.credentials import Credential
from sessions.backends import (
    ManyStarts,
    Progress,
    Server,
    ServerState,
    TokenOwner,
    hub_credential,
)
from sessions.backends.jupyterhub_parsing import (
    browser_uses,
    progress_events,
    reason_of,
    server_of,
)
from vre_portal.config import get_config
from vre_portal.errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    SignInRequired,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.http import call, json_of

SERVICE = "jupyterhub"
NAME = "JupyterHub"
#: The hub waits up to ten seconds for a spawn before it answers "pending"; refusals come at once.
#: A time-out leaves the spawn going, and its progress is better news than a long silence.
START_TIMEOUT = 2.5
#: When the hub says that one may come again, but not when.
RETRY_SECONDS = 5.0
PAGE = 200


class JupyterHubBackend:
    """The hub by its REST API, with the portal's scoped service token."""

    def ensure_user(self, credential: Credential, handle: str) -> None:
        """Make the user; 409 says that they are there."""
        answer = self._call(credential, "POST", f"/users/{_q(handle)}")
        if answer.status_code not in {201, 409}:
            self._refuse(answer, f"JupyterHub did not make the user {handle}.")

    def start(
        self,
        credential: Credential,
        handle: str,
        server: str,
        *,
        options: Mapping[str, str],
        display_name: str,
    ) -> None:
        """Ask for a server: 201 ready, 202 pending, 400 "already running" are all well."""
        body = {"display_name": display_name, "user_options": dict(options)}
        answer = self._call(
            credential, "POST", _path(handle, server), json=body, timeout=START_TIMEOUT
        )
        reason = reason_of(answer)
        if answer.status_code in {201, 202} or reason.endswith("is already running"):
            return
        if answer.status_code == 400 and "maximum of" in reason:
            raise QuotaExceeded(
                "You have as many sessions as this site allows. Stop one, then start this one.",
                service=SERVICE,
            )
        if answer.status_code == 429:
            self._too_many(answer)
        self._refuse(answer, "JupyterHub could not start the session.")

    def progress(
        self, credential: Credential, handle: str, server: str, *, seconds: float
    ) -> Iterator[Progress]:
        """Read the stream of server-sent events until it ends or the time is over."""
        until = time.monotonic() + seconds
        answer = self._call(
            credential, "GET", f"{_path(handle, server)}/progress", stream=True, timeout=seconds
        )
        with closing(answer):
            if answer.status_code == 400:
                return  # Neither starting nor failed: there is nothing to tell.
            if not _is_success(answer):
                self._refuse(answer, "JupyterHub does not tell how the start goes.")
            try:
                for event in progress_events(answer.iter_lines()):
                    if event is not None:
                        yield event
                    if time.monotonic() > until:
                        return
            except requests.RequestException:
                return  # The stream was cut or the time is over: whoever follows looks again.

    def get(self, credential: Credential, handle: str, server: str) -> Server:
        """Return one server as the hub knows it."""
        answer = self._call(credential, "GET", _path(handle, server))
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub does not tell the session's state.")
        return server_of(handle, json_of(NAME, answer))

    def list_active(self, credential: Credential) -> list[Server]:
        """Return all servers that are not stopped, by pages of users, of the hub's own size."""
        found: list[Server] = []
        offset = 0
        while True:
            answer = self._call(
                credential,
                "GET",
                "/users",
                params={"state": "active", "limit": PAGE, "offset": offset},
            )
            if not _is_success(answer):
                self._refuse(answer, "JupyterHub does not tell which sessions run.")
            users = json_of(NAME, answer)
            if not users:
                return [server for server in found if server.state is not ServerState.STOPPED]
            for user in users:
                servers = (user.get("servers") or {}).values()
                found += [server_of(user["name"], server) for server in servers]
            offset += len(users)

    def stop(self, credential: Credential, handle: str, server: str) -> bool:
        """Stop and forget: 204 gone, 202 on its way, 404 was not there."""
        # A person's default server has no name, and the hub does not forget it.
        body = {"remove": bool(server)}
        answer = self._call(credential, "DELETE", _path(handle, server), json=body)
        if answer.status_code not in {202, 204, 400, 404}:
            self._refuse(answer, "JupyterHub did not stop the session.")
        # 400: a start or stop is in a state that can't be cut short; it will be soon.
        return answer.status_code in {204, 404}

    def mint_token(
        self, credential: Credential, handle: str, server: str, *, seconds: int
    ) -> Credential:
        """Make a token of the user that opens one server only."""
        scopes = [f"access:servers!server={handle}/{server}"]
        body = {"expires_in": seconds, "scopes": scopes, "note": "portal"}
        answer = self._call(credential, "POST", f"/users/{_q(handle)}/tokens", json=body)
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub gave no access to the session.")
        token = str(json_of(NAME, answer).get("token", ""))
        until = timezone.now() + timedelta(seconds=seconds)
        return hub_credential(token, account=handle, expires_at=until)

    def opened_since(
        self, credential: Credential, handle: str, server: str, moment: datetime
    ) -> bool:
        """Look for the token that the server itself gets for each browser that signs in to it."""
        answer = self._call(credential, "GET", f"/users/{_q(handle)}/tokens")
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub does not tell who is in the session.")
        uses = browser_uses(json_of(NAME, answer), f"{handle}/{server}")
        return any(used >= moment for used in uses)

    def touch(self, credential: Credential, handle: str, server: str) -> None:
        """Post activity, as the session itself does."""
        now = timezone.now().isoformat()
        body = {"servers": {server: {"last_activity": now}}}
        answer = self._call(credential, "POST", f"/users/{_q(handle)}/activity", json=body)
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub did not take note of the use.")

    def set_groups(self, credential: Credential, handle: str, groups: Sequence[str]) -> None:
        """Put the user into groups, which are made as needed, and out of all others."""
        answer = self._call(credential, "GET", f"/users/{_q(handle)}")
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub does not tell the user's groups.")
        there, wanted = set(json_of(NAME, answer).get("groups") or ()), set(groups)
        for group in sorted(wanted - there):
            made = self._call(credential, "POST", f"/groups/{_q(group)}")
            if made.status_code not in {201, 409}:
                self._refuse(made, f"JupyterHub did not make the group {group}.")
            self._member(credential, "POST", group, handle)
        for group in sorted(there - wanted):
            self._member(credential, "DELETE", group, handle)

    def _member(self, credential: Credential, method: str, group: str, handle: str) -> None:
        path = f"/groups/{_q(group)}/users"
        answer = self._call(credential, method, path, json={"users": [handle]})
        if not _is_success(answer):
            raise UpstreamRefused(
                "JupyterHub did not take the user's groups. Tell the operators.", service=SERVICE
            )

    def let_in(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Share the server with one user."""
        scopes = [f"access:servers!server={handle}/{server}"]
        answer = self._call(
            credential, "POST", _shares(handle, server), json={"user": guest, "scopes": scopes}
        )
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub did not share the session.")

    def shut_out(self, credential: Credential, handle: str, server: str, guest: str) -> None:
        """Revoke the share of one user."""
        answer = self._call(credential, "PATCH", _shares(handle, server), json={"user": guest})
        if not _is_success(answer) and answer.status_code != 404:
            self._refuse(answer, "JupyterHub did not take the share back.")

    def identify(self, credential: Credential) -> TokenOwner:
        """Ask the hub whose token this is."""
        answer = self._call(credential, "GET", "/user")
        if answer.status_code in {401, 403}:
            raise SignInRequired(
                "JupyterHub does not know this token: the session has stopped.", service=SERVICE
            )
        if not _is_success(answer):
            self._refuse(answer, "JupyterHub does not tell whose session this is.")
        owner = json_of(NAME, answer)
        return TokenOwner(
            kind=str(owner.get("kind", "")),
            handle=str(owner.get("name", "")),
            scopes=frozenset(map(str, owner.get("scopes") or ())),
        )

    def _call(
        self, credential: Credential, method: str, path: str, **kwargs: Any
    ) -> requests.Response:
        api = get_config().hub_api_url
        if not api:
            raise UpstreamUnavailable("This site has no JupyterHub configured.", service=SERVICE)
        headers = {"Authorization": f"token {credential.token}"}
        return call(NAME, method, f"{api}{path}", headers=headers, **kwargs)

    def _too_many(self, answer: requests.Response) -> NoReturn:
        # Retry-After comes only with the limit of starts at once: that one passes by itself.
        wait = answer.headers.get("Retry-After", "")
        if wait:
            raise ManyStarts(float(wait) if wait.isdigit() else RETRY_SECONDS, service=SERVICE)
        raise QuotaExceeded(
            "This site runs as many sessions as it can. Try again in a few minutes.",
            service=SERVICE,
        )

    def _refuse(self, answer: requests.Response, text: str) -> NoReturn:
        """Raise what an answer means; policy texts (400, 403) are the hub's words for users."""
        reason = reason_of(answer)
        match answer.status_code:
            case 404:
                raise NotFound("JupyterHub has no such session.", service=SERVICE)
            case 400:
                raise InvalidRequest(reason or text, service=SERVICE)
            case 403 if reason and "scope" not in reason:
                raise Forbidden(reason, service=SERVICE)
            case 408 | 504:
                raise UpstreamTimeout(f"{text} Try again.", service=SERVICE)
        raise UpstreamRefused(f"{text} Tell the operators.", service=SERVICE)


def _is_success(answer: requests.Response) -> bool:
    """Whether the answer is a 2xx; a redirect leads to a page for people and is none."""
    return 200 <= answer.status_code < 300


def _q(part: str) -> str:
    return quote(part, safe="")


def _path(handle: str, server: str) -> str:
    return f"/users/{_q(handle)}/servers/{_q(server)}"


def _shares(handle: str, server: str) -> str:
    return f"/shares/{_q(handle)}/{_q(server)}"
