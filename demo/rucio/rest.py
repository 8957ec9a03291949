"""A small Rucio REST caller for set-up and tests: the standard library, JSON, one token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from demo.rucio.configuration import ACCOUNT
from demo.stack import Stack

TIMEOUT_SECONDS = 60
ALREADY_THERE = frozenset(
    {
        "Duplicate",
        "DuplicateContent",
        "DuplicateRule",
        "DataIdentifierAlreadyExists",
        "FileAlreadyExists",
    }
)


class RucioRefused(Exception):
    """Rucio's refusal: the HTTP status, the name of its exception and its message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(f"{status} {kind}: {message}")
        self.status = status
        self.kind = kind
        self.message = message


@dataclass(frozen=True)
class Rest:
    """Calls to one server in the name of whoever the token belongs to."""

    url: str
    token: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the decoded answer: a JSON value, a text, or None for an empty one."""
        raw = self._open(method, path, body)
        try:
            return json.loads(raw) if raw else None
        except ValueError:  # "Created": the content type does not tell which it is
            return raw.decode()

    def rows(self, path: str, *, method: str = "GET", body: object = None) -> Iterator[Any]:
        """Yield the rows of a list, which Rucio writes as a JSON value a line."""
        lines = self._open(method, path, body).splitlines()
        return (json.loads(line) for line in lines if line)

    def ensure(self, path: str, body: object, *, method: str = "POST") -> bool:
        """Make something unless it is there already; tell whether it was made."""
        try:
            self.call(method, path, body)
        except RucioRefused as refused:
            if refused.kind not in ALREADY_THERE:
                raise
            return False
        return True

    def _open(self, method: str, path: str, body: object) -> bytes:
        headers = {"X-Rucio-Auth-Token": self.token, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error


def service(stack: Stack) -> Rest:
    """Return a caller in the name of the service account `root`."""
    headers = {
        "X-Rucio-Account": ACCOUNT,
        "X-Rucio-Username": ACCOUNT,
        "X-Rucio-Password": stack.secret("rucio-root"),
    }
    request = urllib.request.Request(stack.url("rucio", "/auth/userpass"), headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        return Rest(stack.url("rucio"), answer.headers["X-Rucio-Auth-Token"])


def segment(text: str) -> str:
    """Return a scope or name as one segment of a path."""
    return quote(text, safe="")


def _refusal(error: urllib.error.HTTPError) -> RucioRefused:
    try:
        told = json.loads(error.read())
    except ValueError:
        told = {}
    kind = told.get("ExceptionClass") or error.headers.get("ExceptionClass") or "Unknown"
    return RucioRefused(error.code, kind, told.get("ExceptionMessage") or error.reason)
