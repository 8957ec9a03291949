"""What the portal costs on the way to a storage: a large file, memory, 20 at once."""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from benchmarks.figures import MEBI, Result, pid_of
from benchmarks.memory import Peak
from benchmarks.person import person
from demo.rucio.rest import Rest, service
from demo.rucio.storages import CATALOGUE
from demo.stack import Stack
from tests.signin import exchange, sign_in

SCOPE = "cms"
BYTES = 1024 * MEBI
AT_ONCE, SMALL_BYTES = 20, 64 * MEBI
CHUNK = MEBI
TIMEOUT = 120
#: Missed where storage, portal and reader share two cores: the portal takes a second of one for a
#: GiB, more than the two others together. It passes on some 5 Gbit/s there.
LEAST_THROUGHPUT = 0.9
MOST_MEMORY = 64 * MEBI
AUDIENCE = "storage"


def run(stack: Stack, options: argparse.Namespace) -> list[Result]:
    """Measure with one person; the door and the portal in turns."""
    browser = person(stack, options.user).portal
    direct = requests.Session()
    audience = getattr(options, "audience", AUDIENCE)
    token = exchange(stack, sign_in(stack, options.user), audience)
    direct.headers["Authorization"] = f"Bearer {token}"
    pid = getattr(options, "pid", None) or pid_of(stack, "portal")
    portal = getattr(options, "portal", None) or stack.url("portal")
    with _file(stack, "large", BYTES) as large, _file(stack, "small", SMALL_BYTES) as small:
        with Peak(pid) as peak:
            one = _in_turns(
                lambda: _seconds(direct, large[0]),
                lambda: _seconds(direct, large[0], compares=True),
                lambda: _seconds(browser, portal + large[1]),
                rounds=options.rounds,
            )
        with Peak(pid) as peak_of_many:
            many = _in_turns(
                lambda: _together(direct, small[0]),
                lambda: _together(direct, small[0], compares=True),
                lambda: _together(browser, portal + small[1]),
                rounds=1,
            )
    return [
        *_throughputs("1 GiB download", BYTES, one),
        _memory("1 GiB download, growth of the portal", peak),
        *_throughputs(f"{AT_ONCE} downloads at once", AT_ONCE * SMALL_BYTES, many),
        _memory(f"{AT_ONCE} at once, growth of the portal", peak_of_many),
    ]


def _throughputs(name: str, size: int, seconds: list[float]) -> list[Result]:
    """Compare with a direct read, and with one whose reader compares the checksum.

    The portal does that for its reader, so the second is the same work.
    """
    direct, checked, here = (size / MEBI / each for each in seconds)
    kept = here / direct >= LEAST_THROUGHPUT
    return [
        Result(name, here, direct, here / direct, "MiB/s", kept),
        Result(f"{name}, checked", here, checked, here / checked, "MiB/s", True),
    ]


def _memory(name: str, peak: Peak) -> Result:
    note = f"peak {peak.most / MEBI:.0f} MiB in all"
    ratio = peak.most / max(peak.before, 1)
    return Result(name, peak.grown / MEBI, 0, ratio, "MiB  ", peak.grown <= MOST_MEMORY, note)


def _in_turns(*reads: Callable[[], float], rounds: int) -> list[float]:
    """Return the median seconds of each, all warmed up once."""
    for read in reads:
        read()
    turns = [[read() for read in reads] for _ in range(rounds)]
    return [statistics.median(turn[number] for turn in turns) for number in range(len(reads))]


def _seconds(session: requests.Session, address: str, *, compares: bool = False) -> float:
    started = time.perf_counter()
    length, checksum = 0, 1
    with session.get(address, stream=True, timeout=TIMEOUT) as answer:
        answer.raise_for_status()
        for chunk in answer.raw.stream(CHUNK):
            length += len(chunk)
            checksum = zlib.adler32(chunk, checksum) if compares else checksum
    took = time.perf_counter() - started
    if length != int(answer.headers["Content-Length"]):
        raise RuntimeError(f"{length} bytes came from {address}")
    return took


def _together(session: requests.Session, address: str, *, compares: bool = False) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(lambda _: _seconds(_same(session), address, compares=compares), range(AT_ONCE))
        )
    return time.perf_counter() - started


def _same(session: requests.Session) -> requests.Session:
    """Return the same person on a connection of its own."""
    made = requests.Session()
    made.headers.update(session.headers)
    made.cookies.update(session.cookies)
    return made


@contextlib.contextmanager
def _file(stack: Stack, name: str, size: int) -> Iterator[tuple[str, str]]:
    """Register a file without a block on disk; yield its address at the door, and the portal's."""
    rucio, storage = service(stack), CATALOGUE[0]
    did = {"scope": SCOPE, "name": f"benchmark-{name}-{time.time_ns()}.raw"}
    about = {**did, "bytes": size, "adler32": _adler32_of_nothing(size)}
    rucio.call("POST", "/replicas", {"rse": storage.name, "files": [about]})
    place = Path(unquote(urlsplit(_address(rucio, did, "file")).path))
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as stream:
        stream.truncate(size)
    try:
        yield _address(rucio, did, "http"), f"/api/v1/data/files/{SCOPE}/{did['name']}/content"
    finally:
        gone = {"rse": storage.name, **did}
        rucio.call("POST", "/replicas/tombstone", {"replicas": [gone]})


def _address(rucio: Rest, did: dict[str, str], scheme: str) -> str:
    body = {"dids": [did], "schemes": [scheme], "sort": "random"}
    [row] = rucio.rows("/replicas/list", method="POST", body=body)
    return str(next(iter(row["pfns"])))


def _adler32_of_nothing(size: int) -> str:
    checksum, zeros = 1, bytes(CHUNK)
    for _ in range(size // CHUNK):
        checksum = zlib.adler32(zeros, checksum)
    return f"{checksum:08x}"
