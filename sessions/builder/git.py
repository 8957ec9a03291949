"""Inside the cage: one commit of a stranger's Git repository, without a work tree.

Neither links nor hooks of a repository matter, and every address that is connected to passes
`guarded`: the redirects of a server, and what its name means the second time, too.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sessions.builder import cage
from sessions.builder.order import Order, write_json

SECONDS = 20.0
COMMIT = re.compile(r"[0-9a-f]{40}")
MAIN_ONES = ("HEAD", "refs/heads/main", "refs/heads/master")
#: What dulwich calls what went wrong, and what that means to the person who asked.
WORDS = {
    "NotGitRepository": "There is no Git repository at this address, or it is not public.",
    "HTTPUnauthorized": "The repository is not public; only public ones can be fetched.",
    "KeyError": "The server did not hand over this branch, tag or commit.",
    "GitProtocolError": "The server did not hand over this branch, tag or commit.",
    "HangupException": "The server did not hand over this branch, tag or commit.",
}
OTHERWISE = "The repository's server does not answer as a Git server does. Check the address."

#: Takes the order, the repository and a commit of it, and returns what is to be written down.
Take = Callable[[Order, Any, Any], Mapping[str, object]]


class Refused(Exception):
    """The repository can't be fetched; the text is for the person who asked."""


def run(order_file: str, result: str, take: Take) -> int:
    """Lock the cage, fetch what an order names, and write down what is taken, or why not."""
    order = Order.read(Path(order_file))
    cage.lock(order.limits)
    socket.setdefaulttimeout(SECONDS)
    inner: list[str] = []
    if not order.private_addresses:
        socket.getaddrinfo = guarded(socket.getaddrinfo, inner)
    told: Mapping[str, object]
    try:
        told = take(order, *_fetched(order))
    except Refused as exc:
        told = {"reason": str(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever a stranger's server makes of it
        sys.stdout.write(f"{type(exc).__name__}: {exc}\n"[:1000])
        reason = WORDS.get(type(exc).__name__, OTHERWISE)
        told = {"reason": f"{inner[0]} is not a public address." if inner else reason}
    write_json(Path(order.work, result), told)
    return 0


def guarded(resolve: Callable[..., Any], inner: list[str]) -> Callable[..., Any]:
    """Return a resolver that finds public addresses only, and notes the names of others."""

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        found = resolve(host, *rest, **named)
        for *_, address in found:
            if not is_public(str(address[0])):
                inner.append(str(host))
                raise socket.gaierror(socket.EAI_FAIL, "not a public address")
        return found

    return getaddrinfo


def is_public(address: str) -> bool:
    """Whether an address is of the internet; as `vre_portal.public_addresses`, not known here."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(inner.is_global and not inner.is_multicast)


def _fetched(order: Order) -> tuple[Any, Any]:
    from dulwich.client import HttpGitClient, get_transport_and_path  # noqa: PLC0415 - after the lock
    from dulwich.config import ConfigDict  # noqa: PLC0415
    from dulwich.repo import Repo  # noqa: PLC0415

    sys.stdout.write(f"Fetching {order.url}\n")
    repository = Repo.init_bare(str(Path(order.work, "repository")), mkdir=True)
    client, path = get_transport_and_path(order.url, config=ConfigDict())
    if not isinstance(client, HttpGitClient):
        raise Refused("Only repositories at https:// can be fetched.")
    wanted: list[bytes] = []

    def choose(refs: Any, depth: int | None = None) -> Any:
        wanted[:] = [chosen(refs, order.ref)]
        return list(wanted)

    client.fetch(path, repository, determine_wants=choose, depth=1)
    found: Any = repository[wanted[0]]
    while found.type_name == b"tag":
        found = repository[found.object[1]]
    sys.stdout.write(f"At commit {found.id.decode()}\n")
    return repository, found


def chosen(refs: Mapping[bytes, bytes], ref: str) -> bytes:
    """Return the commit or tag that is meant; raises `Refused` when there is none."""
    if COMMIT.fullmatch(ref):
        return ref.encode()
    names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if ref else MAIN_ONES
    found = next((refs[name.encode()] for name in names if name.encode() in refs), None)
    if found is None:
        raise Refused(f"The repository has no branch or tag '{ref}'." if ref else "It is empty.")
    return found
