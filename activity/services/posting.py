"""Post one signed notice to a stranger's address: no site network, no redirect, no body.

The name is looked up once, and the address that was checked is the one that is connected to, so
no second answer of the DNS counts.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientSSLError,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from vre_portal.config import LOOPBACK
from vre_portal.http import CONNECT_SECONDS
from vre_portal.public_addresses import is_public

#: For the name, the connection, and the answer's status and headers together.
POST_SECONDS = 8.0
TAKEN = range(200, 300)
#: A name in ASCII (RFC 5890 for others), or an address.
HOST = re.compile(r"[a-z0-9._:-]+")
#: A loop waits at its end for look-ups of its own: here a name server that is silent keeps nobody.
_LOOKUPS = ThreadPoolExecutor(50, thread_name_prefix="webhook-names")


class NotTaken(Exception):
    """A notice was not taken; the text, after the word "It", says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where notices go; `loopback`, for development, allows this machine, by http too."""

    url: str
    secret: str = field(repr=False)
    loopback: bool = False


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the `X-VRE-Signature` of a body: HMAC-SHA256 (RFC 2104) over `timestamp.body`."""
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def checked(url: str, *, loopback: bool) -> URL:
    """Return an address that notices may go to, as far as it says so itself.

    Raises
    ------
    NotTaken
        It is not https, or for this machine http, or it holds a password.
    """
    try:
        parts = URL(url)
        host, port = parts.raw_host, parts.port
    except (ValueError, IndexError) as exc:  # the latter for `https://[]@`
        raise NotTaken("is not an https address") from exc
    is_plain = loopback and parts.scheme == "http" and host in LOOPBACK
    is_named = bool(host and port and HOST.fullmatch(host))
    if not is_named or not (parts.scheme == "https" or is_plain):
        raise NotTaken("is not an https address")
    if parts.user is not None or parts.password is not None:
        raise NotTaken("holds a user or password")
    return parts.with_fragment(None)


async def post(target: Target, body: bytes, *, timestamp: str) -> int:
    """Post a notice once and return the status of the answer, whose body is never read.

    Raises
    ------
    NotTaken
        The address is not a public one, does not answer in time, or answers other than 2xx.
    """
    url = checked(target.url, loopback=target.loopback)
    headers = {
        "Host": url.raw_authority,
        "Content-Type": "application/json",
        "User-Agent": "vre-portal",
        "X-VRE-Timestamp": timestamp,
        "X-VRE-Signature": signature(target.secret, timestamp, body),
    }
    try:
        async with asyncio.timeout(POST_SECONDS):
            addresses = await _resolved(url, loopback=target.loopback)
            status = await _status(url, addresses, body, headers)
    except TimeoutError as exc:
        raise NotTaken("did not answer in time") from exc
    except ClientSSLError as exc:
        raise NotTaken("has no valid certificate") from exc
    except ClientConnectorError as exc:
        raise NotTaken("could not be reached") from exc
    except (ClientError, OSError) as exc:
        raise NotTaken("gave no proper answer") from exc
    if status not in TAKEN:
        raise NotTaken(f"answered {status}")
    return status


async def _resolved(url: URL, *, loopback: bool) -> list[str]:
    """Return the addresses of a name, of which all must be allowed."""
    look_up = partial(socket.getaddrinfo, url.raw_host, url.port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_LOOKUPS, look_up)
    except (OSError, UnicodeError) as exc:
        raise NotTaken("has a name that is not known") from exc
    addresses = [str(address[0]) for *_, address in found]
    local = all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in addresses)
    if url.scheme == "http" and not local:
        raise NotTaken("is not an https address")
    if not (loopback and local) and not all(map(is_public, addresses)):
        raise NotTaken("is not a public address")
    return addresses


async def _status(url: URL, addresses: Sequence[str], body: bytes, headers: dict[str, str]) -> int:
    """Return the answer of the first address that can be connected to."""
    session = ClientSession(
        connector=TCPConnector(force_close=True, ssl=_trusted()),
        timeout=ClientTimeout(sock_connect=CONNECT_SECONDS),
        cookie_jar=DummyCookieJar(),
    )
    async with session as web:
        for address in addresses[:-1]:
            try:
                return await _asked(web, url, address, body, headers)
            except ClientSSLError:
                raise
            except (ClientConnectorError, ConnectionTimeoutError):
                continue
        return await _asked(web, url, addresses[-1], body, headers)


async def _asked(
    web: ClientSession, url: URL, address: str, body: bytes, headers: dict[str, str]
) -> int:
    # The certificate has to be that of the name, although the address is connected to.
    name = url.raw_host if url.scheme == "https" else None
    request = web.post(
        url.with_host(address), data=body, headers=headers, allow_redirects=False,
        server_hostname=name,
    )  # fmt: skip
    async with request as answer:
        answer.close()
        return answer.status


@cache
def _trusted() -> ssl.SSLContext:
    """Return the machine's certificate authorities, read once a process."""
    return ssl.create_default_context()
