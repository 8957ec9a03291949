"""The stack's own parts in trouble: frozen processes, and large files without a block on disk."""

from __future__ import annotations

import contextlib
import os
import signal
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from data_mgmt.backends import Did
from demo import process, record
from demo.rucio.rest import Rest, service
from demo.rucio.storages import CATALOGUE
from demo.stack import Stack

GIB = 2**30
MEBI = 2**20
LONGEST_NAME = 250


@contextlib.contextmanager
def frozen(stack: Stack, component: str) -> Iterator[None]:
    """Stop all processes of a component where they are, and let them go on afterwards."""
    pids = processes_of(stack, component)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            process.send(pid, signal.SIGCONT)


def processes_of(stack: Stack, component: str) -> list[int]:
    """Return the processes of a running component."""
    status = record.load_status(stack.state)
    assert status is not None
    [pid] = [row["pid"] for row in status["components"] if row["name"] == component]
    assert pid is not None, f"{component} does not run"
    return [pid, *process.descendants(pid)]


@contextlib.contextmanager
def sparse_file(
    stack: Stack, size: int, *, tail: bytes = b"", suffix: str = ".raw"
) -> Iterator[Did]:
    """Register a file of zeros and an end at one storage, with a name as long as may be.

    Afterwards it is left to Rucio's reaper, which takes it within seconds.
    Above 1 GiB the catalogue gets a checksum that is wrong: reading it all takes too long.
    """
    name = f"sparse-{uuid.uuid4().hex}".ljust(LONGEST_NAME - len(suffix), "x") + suffix
    did, rucio, storage = Did("cms", name), service(stack), CATALOGUE[0]
    about = {"scope": did.scope, "name": did.name, "bytes": size, "adler32": _adler32(size, tail)}
    rucio.call("POST", "/replicas", {"rse": storage.name, "files": [about]})
    place = place_of(stack, did)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as stream:
        stream.truncate(size)
        stream.seek(size - len(tail))
        stream.write(tail)
    try:
        yield did
    finally:
        gone = {"rse": storage.name, "scope": did.scope, "name": did.name}
        rucio.call("POST", "/replicas/tombstone", {"replicas": [gone]})


def place_of(stack: Stack, did: Did) -> Path:
    """Return where the storage of a sparse file keeps it."""
    return Path(unquote(urlsplit(address_of(service(stack), did, "file")).path))


def address_of(rucio: Rest, did: Did, scheme: str) -> str:
    """Return where a file can be read by a protocol."""
    body = {"dids": [{"scope": did.scope, "name": did.name}], "schemes": [scheme]}
    [row] = rucio.rows("/replicas/list", method="POST", body={**body, "sort": "random"})
    return str(next(iter(row["pfns"])))


def _adler32(size: int, tail: bytes) -> str:
    checksum, left = 1, size - len(tail)
    while 0 < left <= GIB:
        checksum = zlib.adler32(bytes(min(left, MEBI)), checksum)
        left -= MEBI
    return f"{zlib.adler32(tail, checksum):08x}"
