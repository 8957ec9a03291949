"""A storage's door: HTTP with WebDAV's few words, opened by the user's own token."""

from __future__ import annotations

import re
import zlib
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from accounts.credentials import Credential
from data_mgmt.backends.uploads import Sized, Stored
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    PortalError,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from vre_portal.http import call

NAME = "The storage"
#: Rucio's words for the door; WebDAV is HTTP.
SCHEMES = ("davs", "https", "dav", "http")
_HTTP = {"davs": "https", "dav": "http"}
#: A storage may check all it has got before it answers.
PATIENCE_SECONDS = 300.0
BLOCK = 1 << 20
FULL = 507
_DIGEST = re.compile(r"adler32=([0-9a-fA-F]{1,8})", re.IGNORECASE)


def put(credential: Credential, address: str, body: Sized) -> None:
    """Write bytes to an address; the folders above it are made."""
    _make_folders(credential, _parent(address))
    # An empty iterable would go as chunks, which not every storage takes.
    answer = _ask(credential, "PUT", address, data=body if len(body) else b"")
    if answer.status_code not in {200, 201, 204}:
        raise _refusal(answer.status_code)


def look(credential: Credential, address: str) -> Stored | None:
    """Return size and checksum of what is there; read it where the storage has no checksum."""
    answer = _ask(credential, "HEAD", address, headers={"Want-Digest": "adler32"})
    if answer.status_code == requests.codes.not_found:
        return None
    if not answer.ok:
        raise _refusal(answer.status_code)
    told = _DIGEST.search(answer.headers.get("Digest", ""))
    if told and answer.headers.get("Content-Length", "").isdigit():
        return Stored(int(answer.headers["Content-Length"]), told[1].lower().rjust(8, "0"))
    return _read(credential, address)


def remove(credential: Credential, address: str) -> None:
    """Remove what is there."""
    status = _ask(credential, "DELETE", address).status_code
    if status not in {200, 202, 204, 404}:
        raise _refusal(status)


def _read(credential: Credential, address: str) -> Stored:
    size, checksum = 0, 1
    with _ask(credential, "GET", address, stream=True) as answer:
        if not answer.ok:
            raise _refusal(answer.status_code)
        try:
            for block in answer.iter_content(BLOCK):
                size += len(block)
                checksum = zlib.adler32(block, checksum)
        except requests.RequestException as exc:
            words = f"{NAME} broke off while the file was read back. Try again."
            raise UpstreamUnavailable(words, service="storage") from exc
    return Stored(size, f"{checksum:08x}")


def _make_folders(credential: Credential, folder: str) -> None:
    """Make a folder, and first the one above it where that is missing."""
    status = _ask(credential, "MKCOL", folder).status_code
    if status == requests.codes.conflict and urlsplit(folder).path.strip("/"):
        _make_folders(credential, _parent(folder))
        status = _ask(credential, "MKCOL", folder).status_code
    # 405: it is there. Stores without folders know no MKCOL; the PUT then tells.
    if status in {401, 403, FULL}:
        raise _refusal(status)


def _parent(address: str) -> str:
    parts = urlsplit(address)
    path = parts.path.rstrip("/").rpartition("/")[0] + "/"
    return urlunsplit(parts._replace(path=path))


def _ask(
    credential: Credential,
    method: str,
    address: str,
    *,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> requests.Response:
    parts = urlsplit(address)
    url = urlunsplit(parts._replace(scheme=_HTTP.get(parts.scheme, parts.scheme)))
    told = {"Authorization": f"Bearer {credential.token}", **(headers or {})}
    try:
        return call(NAME, method, url, headers=told, timeout=PATIENCE_SECONDS, **more)
    except (UpstreamTimeout, UpstreamUnavailable) as exc:
        exc.service = "storage"
        raise


def _refusal(status: int) -> PortalError:
    if status == requests.codes.unauthorized:
        return CredentialExpired(
            "The storage does not take your sign-in. Sign in again.", provider="", service="storage"
        )
    if status == requests.codes.forbidden:
        return Forbidden("The storage does not let you write there.", service="storage")
    if status in {requests.codes.precondition_failed, requests.codes.conflict}:
        words = "Another file lies at this place of the storage. Choose another name."
        return Conflict(words, service="storage")
    if status in {FULL, requests.codes.request_entity_too_large}:
        return UpstreamUnavailable(
            "The storage is full. Try again later, or upload to another one.", service="storage"
        )
    return UpstreamRefused(f"The storage refused this ({status}).", service="storage")
