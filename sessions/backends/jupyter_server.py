"""A running session's Jupyter server: its contents API, and what `vre_session` adds to it.

https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import requests

from accounts.credentials import Credential
from sessions.backends.jupyter_server_parsing import (
    SERVICE,
    contents,
    entries_of,
    entry_of,
    fetch_of,
    id_of,
    lines_of,
    of_another_kind,
    pieces,
    reason_in,
    refuse,
    usage_of,
)
from sessions.backends.running import (
    ByteSource,
    Entry,
    EntryKind,
    Fetch,
    FileStream,
    Place,
    Usage,
)
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, NotFound, UpstreamUnavailable
from vre_portal.http import call, json_of

NAME = "The session"
SECONDS = 5.0
#: In which all of a part of a file has come: the portal reads at most 16 MiB at once.
READ_SECONDS = 10.0
MAX_ANSWER = 8 << 20
#: What is kept of a session's answer is no more than this.
MAX_STATE = 64 * 1024


class JupyterServer:
    """The session's server by the hub's proxy, with a token that opens this session only."""

    def usage(self, credential: Credential, at: Place) -> Usage:
        """Ask `vre/usage`."""
        return usage_of(self._json(credential, at, "GET", "vre/usage", max_bytes=MAX_STATE))

    def log(self, credential: Credential, at: Place, *, lines: int) -> list[str]:
        """Ask `vre/log`."""
        return lines_of(self._json(credential, at, "GET", "vre/log", params={"lines": lines}))

    def keep_alive(self, credential: Credential, at: Place, *, on: bool) -> None:
        """Tell `vre/keep-alive`."""
        self._json(credential, at, "PUT", "vre/keep-alive", json={"on": on})

    def fetch_repository(
        self, credential: Credential, at: Place, *, url: str, ref: str, path: str
    ) -> str:
        """Ask `vre/repository` to begin."""
        wish = {"url": url, "ref": ref, "path": path}
        return id_of(self._json(credential, at, "POST", "vre/repository", json=wish))

    def fetched(self, credential: Credential, at: Place, fetch_id: str) -> Fetch:
        """Ask `vre/repository` how it goes."""
        path = f"vre/repository/{quote(fetch_id, safe='')}"
        found = self._json(credential, at, "GET", path, max_bytes=MAX_STATE)
        return fetch_of(fetch_id, found)

    def set_guests(self, credential: Credential, at: Place, guests: Mapping[str, str]) -> None:
        """Tell `vre/guests`."""
        self._json(credential, at, "PUT", "vre/guests", json={"guests": dict(guests)})

    def entries(self, credential: Credential, at: Place, path: str) -> list[Entry]:
        """List a folder by the contents API."""
        found = self._json(credential, at, "GET", contents(path), params={"type": "directory"})
        return entries_of(found, path)

    def entry(self, credential: Credential, at: Place, path: str) -> Entry:
        """Look at one entry without its content."""
        found = self._json(credential, at, "GET", contents(path), params={"content": 0})
        return entry_of(found, path)

    @contextmanager
    def read(
        self,
        credential: Credential,
        at: Place,
        path: str,
        *,
        first: int = 0,
        last: int | None = None,
    ) -> Iterator[FileStream]:
        """Read by the files handler, which knows byte ranges."""
        until = time.monotonic() + READ_SECONDS
        headers = {"Accept-Encoding": "identity"}
        if first or last is not None:
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        answer = self._call(
            credential, at, "GET", f"files/{quote(path)}", headers=headers, stream=True
        )
        with closing(answer):
            if answer.status_code not in {200, 206}:
                self._refuse_reading(answer.status_code, credential, at, path)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise of_another_kind()
            length = answer.headers.get("Content-Length", "")
            yield FileStream(
                pieces(answer, until=until),
                int(length) if length.isdecimal() else None,
                answer.headers.get("Content-Type", "application/octet-stream"),
            )

    def source(self, credential: Credential, at: Place, path: str) -> ByteSource:
        """Return the address at the files handler."""
        headers = {"Authorization": f"token {credential.token}", "Accept-Encoding": "identity"}
        return ByteSource(self._url(at, f"files/{quote(path)}"), headers)

    def write(self, credential: Credential, at: Place, path: str, content: bytes) -> Entry:
        """Save a new file by the contents API, which itself would replace one."""
        self._must_be_free(credential, at, path)
        body = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode()}
        return entry_of(self._json(credential, at, "PUT", contents(path), json=body), path)

    def write_part(
        self,
        credential: Credential,
        at: Place,
        path: str,
        content: bytes,
        *,
        number: int,
        last: bool,
    ) -> None:
        """Save a piece; Jupyter's own numbers are 1, 2, ... and -1 for the last."""
        if number == 1:
            self._must_be_free(credential, at, path)
        text = base64.b64encode(content).decode()
        chunk = -1 if last and number > 1 else number
        body: dict[str, Any] = {"type": "file", "format": "base64", "content": text, "chunk": chunk}
        self._json(credential, at, "PUT", contents(path), json=body)

    def make_folder(self, credential: Credential, at: Place, path: str) -> Entry:
        """Make a folder by the contents API."""
        self._must_be_free(credential, at, path)
        found = self._json(credential, at, "PUT", contents(path), json={"type": "directory"})
        return entry_of(found, path)

    def rename(self, credential: Credential, at: Place, path: str, to: str) -> Entry:
        """Rename by the contents API."""
        return entry_of(self._json(credential, at, "PATCH", contents(path), json={"path": to}), to)

    def delete(self, credential: Credential, at: Place, path: str) -> None:
        """Delete by the contents API; a folder with something in it stays."""
        if self.entry(credential, at, path).kind is EntryKind.FOLDER and self.entries(
            credential, at, path
        ):
            raise Conflict(f"The folder {path} is not empty.", service=SERVICE)
        answer = self._call(credential, at, "DELETE", contents(path), max_bytes=MAX_ANSWER)
        if answer.status_code not in {200, 204}:
            refuse(answer.status_code, reason_in(answer))

    def _refuse_reading(self, status: int, credential: Credential, at: Place, path: str) -> None:
        """Raise what it means that bytes are not given: for a folder Jupyter says 403 as well."""
        try:
            refuse(status)
        except Forbidden:
            if self.entry(credential, at, path).kind is EntryKind.FOLDER:
                raise NotFound(f"{path} is a folder.", service=SERVICE) from None
            raise

    def _must_be_free(self, credential: Credential, at: Place, path: str) -> None:
        try:
            self.entry(credential, at, path)
        except NotFound:
            return
        raise Conflict(f"There is a {path} in the session already.", service=SERVICE)

    def _json(
        self,
        credential: Credential,
        at: Place,
        method: str,
        path: str,
        *,
        max_bytes: int = MAX_ANSWER,
        **kwargs: Any,
    ) -> dict[str, Any]:
        answer = self._call(credential, at, method, path, max_bytes=max_bytes, **kwargs)
        if not 200 <= answer.status_code < 300:
            refuse(answer.status_code, reason_in(answer))
        found = json_of(NAME, answer)
        if not isinstance(found, dict):
            raise of_another_kind()
        return found

    def _call(
        self,
        credential: Credential,
        at: Place,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        sent = {"Authorization": f"token {credential.token}", **(headers or {})}
        return call(NAME, method, self._url(at, path), headers=sent, timeout=SECONDS, **kwargs)

    def _url(self, at: Place, path: str) -> str:
        hub = get_config().hub_url
        if not hub:
            raise UpstreamUnavailable("This site has no JupyterHub configured.", service=SERVICE)
        return f"{hub}/user/{quote(at.handle, safe='')}/{quote(at.server, safe='')}/{path}"
