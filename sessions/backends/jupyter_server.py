"""A running session's Jupyter server: its contents API, and what `vre_session` adds to it.

https://jupyter-server.readthedocs.io/en/latest/developers/rest-api.html
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests

from accounts.credentials import Credential
from sessions.backends.jupyter_server_parsing import SERVICE, contents, entry_of, pieces, refuse
from sessions.backends.running import (
    ByteSource,
    Entry,
    EntryKind,
    Fetch,
    FetchState,
    FileStream,
    Place,
    Usage,
    Volume,
    folders_first,
)
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, NotFound, UpstreamRefused, UpstreamUnavailable
from vre_portal.http import call, json_of

NAME = "The session"
SECONDS = 5.0
MAX_ANSWER = 8 << 20


class JupyterServer:
    """The session's server by the hub's proxy, with a token that opens this session only."""

    def usage(self, credential: Credential, at: Place) -> Usage:
        """Ask `vre/usage`."""
        found = self._json(credential, at, "GET", "vre/usage")
        return Usage(
            memory=int(found["memory_bytes"]),
            memory_limit=found.get("memory_limit_bytes"),
            cpu_percent=float(found["cpu_percent"]),
            cpu_limit=found.get("cpu_limit"),
            home=Volume("", found.get("home_bytes"), found.get("home_quota_bytes")),
            projects=tuple(
                Volume(str(one["name"]), one.get("bytes"), one.get("quota_bytes"))
                for one in found.get("projects") or ()
            ),
            kernels=int(found.get("kernels") or 0),
            busy_kernels=int(found.get("busy_kernels") or 0),
            keep_alive=bool(found.get("keep_alive")),
            at=datetime.fromisoformat(found["at"]),
        )

    def log(self, credential: Credential, at: Place, *, lines: int) -> list[str]:
        """Ask `vre/log`."""
        found = self._json(credential, at, "GET", "vre/log", params={"lines": lines})
        return [str(line) for line in found["lines"]]

    def keep_alive(self, credential: Credential, at: Place, *, on: bool) -> None:
        """Tell `vre/keep-alive`."""
        self._json(credential, at, "PUT", "vre/keep-alive", json={"on": on})

    def fetch_repository(
        self, credential: Credential, at: Place, *, url: str, ref: str, path: str
    ) -> str:
        """Ask `vre/repository` to begin."""
        wish = {"url": url, "ref": ref, "path": path}
        return str(self._json(credential, at, "POST", "vre/repository", json=wish)["id"])

    def fetched(self, credential: Credential, at: Place, fetch_id: str) -> Fetch:
        """Ask `vre/repository` how it goes."""
        found = self._json(credential, at, "GET", f"vre/repository/{quote(fetch_id, safe='')}")
        texts = {key: str(found.get(key) or "") for key in ("message", "folder", "commit")}
        # The session tells the file as it was asked for: below the repository.
        path = f"{texts['folder']}/{found['path']}" if found.get("path") else ""
        return Fetch(fetch_id, FetchState(found["state"]), path=path, **texts)

    def set_guests(self, credential: Credential, at: Place, guests: Mapping[str, str]) -> None:
        """Tell `vre/guests`."""
        self._json(credential, at, "PUT", "vre/guests", json={"guests": dict(guests)})

    def entries(self, credential: Credential, at: Place, path: str) -> list[Entry]:
        """List a folder by the contents API."""
        found = self._json(credential, at, "GET", contents(path), params={"type": "directory"})
        return folders_first([entry_of(one) for one in found.get("content") or ()])

    def entry(self, credential: Credential, at: Place, path: str) -> Entry:
        """Look at one entry without its content."""
        return entry_of(self._json(credential, at, "GET", contents(path), params={"content": 0}))

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
        headers = {"Accept-Encoding": "identity"}
        if first or last is not None:
            headers["Range"] = f"bytes={first}-{'' if last is None else last}"
        answer = self._call(
            credential, at, "GET", f"files/{quote(path)}", headers=headers, stream=True
        )
        with closing(answer):
            if answer.status_code not in {200, 206}:
                self._refuse_reading(answer, credential, at, path)
            length = answer.headers.get("Content-Length", "")
            yield FileStream(
                pieces(answer),
                int(length) if length.isdigit() else None,
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
        return entry_of(self._json(credential, at, "PUT", contents(path), json=body))

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
        return entry_of(
            self._json(credential, at, "PUT", contents(path), json={"type": "directory"})
        )

    def rename(self, credential: Credential, at: Place, path: str, to: str) -> Entry:
        """Rename by the contents API."""
        return entry_of(self._json(credential, at, "PATCH", contents(path), json={"path": to}))

    def delete(self, credential: Credential, at: Place, path: str) -> None:
        """Delete by the contents API; a folder with something in it stays."""
        if self.entry(credential, at, path).kind is EntryKind.FOLDER and self.entries(
            credential, at, path
        ):
            raise Conflict(f"The folder {path} is not empty.", service=SERVICE)
        answer = self._call(credential, at, "DELETE", contents(path))
        if answer.status_code not in {200, 204}:
            refuse(answer)

    def _refuse_reading(
        self, answer: requests.Response, credential: Credential, at: Place, path: str
    ) -> None:
        """Raise what it means that bytes are not given: for a folder Jupyter says 403 as well."""
        try:
            refuse(answer)
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
        self, credential: Credential, at: Place, method: str, path: str, **kwargs: Any
    ) -> dict[str, Any]:
        answer = self._call(credential, at, method, path, max_bytes=MAX_ANSWER, **kwargs)
        if not 200 <= answer.status_code < 300:
            refuse(answer)
        found = json_of(NAME, answer)
        if not isinstance(found, dict):
            raise UpstreamRefused("The session gave an answer of another kind.", service=SERVICE)
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
