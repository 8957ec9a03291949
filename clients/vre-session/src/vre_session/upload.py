"""Uploads files from a session into the data lake: ``vre-upload FILE...``."""

from __future__ import annotations

import argparse
import hashlib
import http.client
import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from vre_session import broker

AUDIENCE = "uploads"
BLOCK = 1 << 20
PIECE = 256 << 20
TRIES = 8
PATIENCE_SECONDS = 120.0
VERSION = {"Tus-Resumable": "1.0.0"}
AGAIN = frozenset({401, 409, 423, 429, 500, 502, 503, 504, 507})
BROKEN_OFF = (OSError, http.client.HTTPException)


class UploadError(RuntimeError):
    """The portal refused; the text is its own."""


class Portal:
    """The portal as a session speaks to it, with a token that is fetched anew when it has ended."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._token = broker.ask(variables, audience=AUDIENCE)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Iterator[bytes] | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request and return its answer, read."""
        parts = urlsplit(self._token.service_url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=PATIENCE_SECONDS)
        told = {**VERSION, "Authorization": f"Bearer {self._token.text}", **headers}
        try:
            connection.request(method, path, body=body, headers=told)
            answer = connection.getresponse()
            answer.reason = answer.read().decode(errors="replace") or answer.reason
            return answer
        finally:
            connection.close()

    def renew(self) -> None:
        """Fetch another token."""
        self._token = broker.ask(self._variables, audience=AUDIENCE)


def upload(portal: Portal, file: Path, wishes: Mapping[str, str]) -> str:
    """Send a file, going on after breaks; return the address of the upload.

    Raises
    ------
    UploadError
        The portal refused it, or did not answer in time.
    """
    size = file.stat().st_size
    told = {**wishes, "filename": file.name, "checksum": f"sha256:{_sha256(file)}"}
    pairs = (f"{key} {b64encode(text.encode()).decode()}" for key, text in told.items() if text)
    headers = {
        "Upload-Length": str(size),
        "Upload-Metadata": ",".join(pairs),
        "Content-Length": "0",
    }
    answer = portal.ask("POST", "/api/v1/data/uploads", headers)
    if answer.status != http.client.CREATED:
        raise UploadError(answer.reason)
    where, failures = urlsplit(answer.headers["Location"]).path, 0
    while (offset := _offset(portal, where)) is None or offset < size:
        if offset is not None and _send(portal, where, file, offset, min(PIECE, size - offset)):
            failures = 0
            continue
        failures += 1
        if failures == TRIES:
            raise UploadError("The portal does not take the file. Try again later.")
        time.sleep(min(2.0**failures, 30.0))
    return where


def _offset(portal: Portal, where: str) -> int | None:
    """Return how far an upload is; None where that is not known now."""
    try:
        answer = portal.ask("HEAD", where, {})
    except BROKEN_OFF:
        return None
    if answer.status == http.client.UNAUTHORIZED:
        portal.renew()
    if answer.status in AGAIN:
        return None
    if answer.status != http.client.OK:
        raise UploadError("The upload is gone.")
    return int(answer.headers["Upload-Offset"])


def _send(portal: Portal, where: str, file: Path, offset: int, length: int) -> bool:
    """Send a piece; False where it broke off, and what came before counts."""
    headers = {
        "Upload-Offset": str(offset),
        "Content-Length": str(length),
        "Content-Type": "application/offset+octet-stream",
    }
    try:
        answer = portal.ask("PATCH", where, headers, _blocks(file, offset, length))
    except BROKEN_OFF:
        return False
    if answer.status != http.client.NO_CONTENT and answer.status not in AGAIN:
        raise UploadError(answer.reason)
    return answer.status == http.client.NO_CONTENT


def _blocks(file: Path, offset: int, length: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(offset)
        while length and (block := stream.read(min(BLOCK, length))):
            length -= len(block)
            yield block


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(variables: Mapping[str, str], arguments: list[str]) -> int:
    """Upload each file, and say what became of it."""
    parser = argparse.ArgumentParser(prog="vre-upload", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    for name in ("dataset", "storage", "scope", "lifetime"):
        parser.add_argument(f"--{name}", default="")
    asked = vars(parser.parse_args(arguments))
    files = asked.pop("files")
    try:
        portal = Portal(variables)
        for file in files:
            upload(portal, file, asked)
            print(f"{file}: sent; it is compared and stored now")
    except (UploadError, broker.BrokerError, *BROKEN_OFF) as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def run() -> None:
    """Upload what the command line names."""
    sys.exit(main(os.environ, sys.argv[1:]))


if __name__ == "__main__":
    run()
