"""A Rucio that answers honestly for one dataset, until it is told to misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SIZE = 20 * 2**30 + 1
DATASET = {"scope": "cms", "name": "dimuon", "type": "DATASET", "account": "root"}
FILES = [
    {"scope": "cms", "name": f"muons_{number}.root", "bytes": size, "adler32": "00000001"}
    for number, size in enumerate((0, 1, 20 * 2**30), 1)
]
COPIES = {"rse": "CERN-DISK", "length": 3, "bytes": SIZE}
COPIES |= {"available_length": 3, "available_bytes": SIZE, "scope": "cms", "name": "dimuon"}
#: What is asked -> the rows of the answer; everything else is an empty list.
ROWS: dict[str, list[dict[str, Any]]] = {
    "/dids/cms/dimuon/files": FILES,
    "/replicas/cms/dimuon/datasets": [COPIES],
    "/rses/": [{"rse": "CERN-DISK", "rse_type": "DISK"}],
}
#: What is asked -> one value.
VALUES: dict[str, Any] = {
    "/dids/cms/dimuon": {**DATASET, "open": False, "length": 3, "bytes": SIZE},
    "/dids/cms/dimuon/meta": {"instrument": "CMS"},
    "/scopes/": ["cms"],
    "/rses/CERN-DISK/attr/": {"country": "Switzerland"},
}


class Mood(StrEnum):
    """How it behaves."""

    HONEST = "honest"
    FROZEN = "frozen"
    PAGE = "page"  # of a proxy, with a good status
    NOISE = "noise"
    MISSHAPEN = "misshapen"
    NOTHING = "nothing"
    CUT = "cut"
    FAULT = "fault"


#: What is sent instead of an answer.
GARBAGE = {
    Mood.PAGE: b"<html><body>SELECT * FROM secrets; Traceback</body></html>",
    Mood.NOISE: bytes(range(256)),
    Mood.MISSHAPEN: b'{"unexpected": ["secrets"]}\n',
    Mood.NOTHING: b"null\n",
}


class MisbehavingRucio:
    """Knows its address and its mood; `release` lets those go who wait for a frozen one."""

    def __init__(self, address: str) -> None:
        self.address, self.mood = address, Mood.HONEST
        self.release = threading.Event()


class Listening(ThreadingHTTPServer):
    """Lets a page ask for all its parts at once: with five places the kernel drops the sixth."""

    request_queue_size = 128


@contextmanager
def serve() -> Iterator[MisbehavingRucio]:
    """Serve one on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, rucio)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            _answer(self, rucio)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = Listening(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    rucio = MisbehavingRucio(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield rucio
    finally:
        rucio.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, rucio: MisbehavingRucio) -> None:
    if rucio.mood is Mood.FROZEN:
        rucio.release.wait()
        handler.close_connection = True
        return
    body = GARBAGE.get(rucio.mood) or _honest(urlsplit(handler.path).path)
    if rucio.mood is Mood.FAULT:
        body = b"Traceback: SELECT * FROM secrets"
    try:
        handler.send_response(500 if rucio.mood is Mood.FAULT else 200)
        # A list that is cut promises more than it sends, as one without its last chunk does.
        short = rucio.mood is Mood.CUT
        handler.send_header("Content-Length", str(len(body) + (100 if short else 0)))
        handler.end_headers()
        handler.wfile.write(body)
    except OSError:
        return
    handler.close_connection = handler.close_connection or short


def _honest(path: str) -> bytes:
    if path in VALUES:
        return json.dumps(VALUES[path]).encode()
    return b"".join(json.dumps(row).encode() + b"\n" for row in ROWS.get(path, []))
