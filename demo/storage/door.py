"""The door as a WSGI application: a token first, a short list of methods, then WebDAV."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from wsgidav.error_printer import ErrorPrinter
from wsgidav.request_resolver import RequestResolver
from wsgidav.wsgidav_app import WsgiDAVApp

from demo.storage.folders import SUBJECT, Folders
from demo.storage.tokens import Refused, Tokens, Unreachable
from demo.storage.writers import Writers

Environ = dict[str, Any]
Start = Callable[..., Any]
METHODS = ("OPTIONS", "HEAD", "GET", "PUT", "DELETE", "MKCOL", "MOVE", "PROPFIND")
BLOCK = 1 << 20
#: Header lines that wsgidav's error answers may keep; their bodies tell paths of the machine.
KEPT = frozenset({"allow", "date", "connection", "dav"})


class Door:
    """Lets holders of a good token in."""

    def __init__(
        self, folder: Path, storages: Collection[str], writers: Writers, tokens: Tokens
    ) -> None:
        self._tokens, self._storages = tokens, frozenset(storages)
        self._dav = WsgiDAVApp(
            {
                # One share: the library writes the names of several in lower case.
                "provider_mapping": {"/": Folders(str(folder), writers)},
                "middleware_stack": [ErrorPrinter, RequestResolver],
                "http_authenticator": {"domain_controller": None},
                "simple_dc": {"user_mapping": {"*": True}},
                "property_manager": None,
                "lock_storage": None,
                "block_size": BLOCK,
                "suppress_version_info": True,
                "verbose": 1,
                "logging": {"enable": False},
            }
        )

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            return _say(start, HTTPStatus.UNAUTHORIZED, _ASK)
        try:
            environ[SUBJECT] = self._tokens.subject_of(token.strip())
        except Refused as exc:
            return _say(start, HTTPStatus.UNAUTHORIZED, _invalid(exc))
        except Unreachable:
            return _say(start, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
        return self._asked(environ, start)

    def _asked(self, environ: Environ, start: Start) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method not in METHODS:
            allowed = {"Allow": ", ".join(METHODS)}
            return _say(start, HTTPStatus.METHOD_NOT_ALLOWED, allowed)
        if not self._is_inside(path):
            return _say(start, HTTPStatus.NOT_FOUND)
        if method == "MOVE" and not self._is_inside(_target(environ), beside=path):
            return _say(start, HTTPStatus.FORBIDDEN)
        if method == "PROPFIND" and environ.get("HTTP_DEPTH") not in {"0", "1"}:
            return _say(start, HTTPStatus.FORBIDDEN)
        if method == "HEAD" and path.strip("/") in self._storages:
            return _say(start, HTTPStatus.OK)  # Rucio's own protocol asks for this
        # Renaming is all that is offered; what is there stays.
        environ["HTTP_OVERWRITE"] = "F"
        answer: Iterable[bytes] = self._dav(environ, _Plain(start))
        return answer

    def _is_inside(self, path: str, *, beside: str = "") -> bool:
        """Whether a path leads into a storage (the same as another's), and straight on."""
        parts = path.split("/")[1:]
        if not parts or parts[0] not in self._storages or "\0" in path:
            return False
        if beside and beside.split("/")[1] != parts[0]:
            return False
        return not {".", ".."} & set(parts)


class _Plain:
    """Passes an answer on; an error's text becomes the plain name of its status."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def __call__(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        if int(status[:3]) < HTTPStatus.BAD_REQUEST:
            return self._start(status, headers, *rest)
        kept = [(name, value) for name, value in headers if name.lower() in KEPT]
        self._start(status, [*kept, ("Content-Length", "0")], *rest)
        return lambda _: None


def _target(environ: Environ) -> str:
    return unquote(urlsplit(environ.get("HTTP_DESTINATION", "")).path, encoding="latin-1")


_ASK = {"WWW-Authenticate": 'Bearer realm="storage"'}


def _invalid(why: Refused) -> Mapping[str, str]:
    told = f'Bearer realm="storage", error="invalid_token", error_description="{why}"'
    return {"WWW-Authenticate": told}


def _say(
    start: Start, status: HTTPStatus, also: Mapping[str, str] | None = None
) -> Iterable[bytes]:
    """Answer by a status and headers alone: that fits every method, HEAD too."""
    headers = [("Content-Length", "0"), *(also or {}).items()]
    start(f"{status.value} {status.phrase}", headers)
    return [b""]
