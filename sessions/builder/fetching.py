"""Inside the cage: the lists of packages of a Git repository, without a work tree.

One commit is fetched and only its small files are read, so that neither links nor hooks nor
large files of a repository matter. Every address that is connected to passes `_guarded`.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sessions.builder import cage
from sessions.builder.order import Order, write_json

RESULT = "fetched.json"
FOLDERS = ("", "binder", ".binder")
FILE = re.compile(
    r".*\.(txt|in|yml|yaml)|Dockerfile|postBuild|start|install\.R|Project\.toml|default\.nix|setup\.py"
)
MOST_FILES, MOST_BYTES = 60, 64 * 1024
SECONDS = 20.0


class Refused(Exception):
    """The repository can't be fetched; the text is for the person who asked."""


def main(order_file: str) -> int:
    """Fetch what the order names and write down its files, or say why not."""
    order = Order.read(Path(order_file))
    cage.lock(order.limits)
    socket.setdefaulttimeout(SECONDS)
    refused: list[str] = []
    if not order.private_addresses:
        socket.getaddrinfo = _guarded(socket.getaddrinfo, refused)
    result = Path(order.work, RESULT)
    try:
        commit, files = _fetch(order)
    except Refused as exc:
        write_json(result, {"reason": str(exc)})
    except Exception as exc:  # noqa: BLE001 - whatever a stranger's server makes of it
        host = refused[0] if refused else ""
        reason = f"{host} is not a public address." if host else _in_words(exc)
        sys.stdout.write(f"{type(exc).__name__}: {exc}\n"[:1000])
        write_json(result, {"reason": reason})
    else:
        write_json(result, {"commit": commit, "files": files})
    return 0


def _guarded(resolve: Callable[..., Any], refused: list[str]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        found = resolve(host, *rest, **named)
        for *_, address in found:
            if not is_public(str(address[0])):
                refused.append(str(host))
                raise socket.gaierror(socket.EAI_FAIL, "not a public address")
        return found

    return getaddrinfo


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet rather than to a network of the site."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(inner.is_global and not inner.is_multicast)


def _fetch(order: Order) -> tuple[str, dict[str, str]]:
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
        wanted[:] = [_chosen(refs, order.ref)]
        return list(wanted)

    client.fetch(path, repository, determine_wants=choose, depth=1)
    found: Any = repository[wanted[0]]
    while found.type_name == b"tag":
        found = repository[found.object[1]]
    commit = found.id.decode()
    sys.stdout.write(f"At commit {commit}\n")
    return commit, dict(_files(repository, found.tree))


def _chosen(refs: Mapping[bytes, bytes], ref: str) -> bytes:
    if not ref:
        found = refs.get(b"HEAD") or refs.get(b"refs/heads/main") or refs.get(b"refs/heads/master")
    elif re.fullmatch(r"[0-9a-f]{40}", ref):
        found = ref.encode()
    else:
        names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref)
        found = next((refs[name.encode()] for name in names if name.encode() in refs), None)
    if found is None:
        raise Refused(f"The repository has no branch or tag '{ref}'." if ref else "It is empty.")
    return found


def _files(repository: Any, tree: bytes) -> Iterator[tuple[str, str]]:
    """Yield the small texts of the folders in which lists of packages are looked for."""
    count = 0
    for folder in FOLDERS:
        place = _folder(repository, tree, folder)
        for entry in place.items() if place is not None else ():
            name = entry.path.decode(errors="replace")
            plain = entry.mode in {0o100644, 0o100755}
            if not plain or not FILE.fullmatch(name) or count >= MOST_FILES:
                continue
            blob = repository[entry.sha]
            if blob.raw_length() <= MOST_BYTES:
                count += 1
                yield f"{folder}/{name}".lstrip("/"), blob.data.decode(errors="replace")


def _folder(repository: Any, tree: bytes, name: str) -> Any:
    root = repository[tree]
    if not name:
        return root
    if name.encode() not in root:
        return None
    mode, sha = root[name.encode()]
    return repository[sha] if mode == 0o040000 else None


def _in_words(exc: Exception) -> str:
    name = type(exc).__name__
    if name == "NotGitRepository":
        return "There is no Git repository at this address, or it is not public."
    if name == "HTTPUnauthorized":
        return "The repository is not public; only public ones can be fetched."
    if name in {"KeyError", "GitProtocolError", "HangupException"}:
        return "The server did not hand over this branch, tag or commit."
    return "The repository's server does not answer as a Git server does. Check the address."
