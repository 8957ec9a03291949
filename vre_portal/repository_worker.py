"""Inside the cage: all files of one commit of a Git repository, as a ZIP, without a work tree.

Links, submodules and hooks do not matter: only plain files are read. Every address that is
connected to has to be public, unless the order says otherwise.
"""

from __future__ import annotations

import re
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions.builder import cage
from sessions.builder.fetching import Refused, is_public
from sessions.builder.order import Order, write_json

FILES, RESULT = "files.zip", "captured.json"
SECONDS = 20.0
MOST_FILES = 20_000
PLAIN = {0o100644, 0o100755}
COMMIT = re.compile(r"[0-9a-f]{40}")
#: ZIPs know no earlier time.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
#: What dulwich calls what went wrong, and what that means to the person who asked.
WORDS = {
    "NotGitRepository": "There is no Git repository at this address, or it is not public.",
    "HTTPUnauthorized": "The repository is not public; only public ones can be captured.",
    "KeyError": "The server did not hand over this branch, tag or commit.",
    "GitProtocolError": "The server did not hand over this branch, tag or commit.",
    "HangupException": "The server did not hand over this branch, tag or commit.",
}
OTHERWISE = "The repository's server does not answer as a Git server does. Check the address."


def main(order_file: str) -> int:
    """Fetch what the order names and write its files down, or say why not."""
    order = Order.read(Path(order_file))
    cage.lock(order.limits)
    socket.setdefaulttimeout(SECONDS)
    inner: list[str] = []
    if not order.private_addresses:
        socket.getaddrinfo = _public_only(socket.getaddrinfo, inner)
    try:
        told = _fetched(order)
    except Refused as exc:
        told = {"reason": str(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever a stranger's server makes of it
        sys.stdout.write(f"{type(exc).__name__}: {exc}\n"[:1000])
        reason = WORDS.get(type(exc).__name__, OTHERWISE)
        told = {"reason": f"{inner[0]} is not a public address." if inner else reason}
    write_json(Path(order.work, RESULT), told)
    return 0


def _public_only(resolve: Callable[..., Any], inner: list[str]) -> Callable[..., Any]:
    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        found = resolve(host, *rest, **named)
        for *_, address in found:
            if not is_public(str(address[0])):
                inner.append(str(host))
                raise socket.gaierror(socket.EAI_FAIL, "not a public address")
        return found

    return getaddrinfo


def _fetched(order: Order) -> dict[str, object]:
    from dulwich.client import HttpGitClient, get_transport_and_path  # noqa: PLC0415 - after the lock
    from dulwich.config import ConfigDict  # noqa: PLC0415
    from dulwich.repo import Repo  # noqa: PLC0415

    repository = Repo.init_bare(str(Path(order.work, "repository")), mkdir=True)
    client, path = get_transport_and_path(order.url, config=ConfigDict())
    if not isinstance(client, HttpGitClient):
        raise Refused("Only repositories at https:// can be captured.")
    wanted: list[bytes] = []

    def choose(refs: Any, depth: int | None = None) -> Any:
        wanted[:] = [chosen(refs, order.ref)]
        return list(wanted)

    client.fetch(path, repository, determine_wants=choose, depth=1)
    found: Any = repository[wanted[0]]
    while found.type_name == b"tag":
        found = repository[found.object[1]]
    moment = max(datetime.fromtimestamp(found.commit_time, UTC), EARLIEST)
    left_out = _write(repository, found.tree, Path(order.work, FILES), moment)
    return {"commit": found.id.decode(), "left_out": left_out}


def chosen(refs: Mapping[bytes, bytes], ref: str) -> bytes:
    """Return the commit or tag that is meant; raises `Refused` when there is none."""
    if COMMIT.fullmatch(ref):
        return ref.encode()
    main_ones = ("HEAD", "refs/heads/main", "refs/heads/master")
    names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if ref else main_ones
    found = next((refs[name.encode()] for name in names if name.encode() in refs), None)
    if found is None:
        raise Refused(f"The repository has no branch or tag '{ref}'." if ref else "It is empty.")
    return found


def _write(repository: Any, tree: bytes, target: Path, moment: datetime) -> list[str]:
    """Write the plain files of a tree; return the paths of what is none."""
    left_out: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, (path, mode, sha) in enumerate(_entries(repository, tree, "")):
            if number > MOST_FILES:
                raise Refused("The repository has far too many files for an analysis.")
            if mode in PLAIN:
                entry = zipfile.ZipInfo(path, moment.timetuple()[:6])
                archive.writestr(entry, repository[sha].data)
            else:
                left_out.append(path)
    return left_out[:20]


def _entries(repository: Any, tree: bytes, folder: str) -> Iterator[tuple[str, int, bytes]]:
    for entry in repository[tree].items():
        path = f"{folder}{entry.path.decode(errors='replace')}"
        if entry.mode == 0o040000:
            yield from _entries(repository, entry.sha, f"{path}/")
        else:
            yield path, entry.mode, entry.sha
