"""A session's server whose owner means harm: folders without end, bodies without end."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MOMENT = "2026-11-27T09:00:00Z"
PIECE = b"endless " * 8_192


@dataclass
class Malice:
    """What each folder claims to hold, and what was asked and sent so far."""

    folders: int = 0
    files: tuple[str, ...] = ()
    claimed: int = 10
    asked: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    left: threading.Event = field(default_factory=threading.Event)

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return what is in a folder: as many folders again, and the files."""
        here = [_model(f"{path}/f{n}", "directory", None) for n in range(self.folders)]
        return here + [_model(f"{path}/{name}", "file", self.claimed) for name in self.files]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    malice: Malice


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        # /user/<handle>/<server>/api/contents/... or .../files/...
        area, _slash, path = unquote(asked.path).split("/", 4)[4].partition("/")
        if area == "api":
            is_look = "content" in parse_qs(asked.query)
            self._tell(path.removeprefix("contents").strip("/"), is_look=is_look)
        else:
            self._send_for_ever()

    def _tell(self, path: str, *, is_look: bool) -> None:
        malice = self.server.malice
        malice.asked["look" if is_look else "list"] += 1
        is_file = path.rpartition("/")[2] in malice.files
        told = _model(path, "file", malice.claimed) if is_file else _model(path, "directory", None)
        body = json.dumps(told | ({} if is_look else {"content": malice.listed(path)})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)

    def _send_for_ever(self) -> None:
        malice = self.server.malice
        malice.asked["read"] += 1
        self.send_response(206)
        self.end_headers()
        try:
            while not malice.left.is_set():
                self.wfile.write(PIECE)
                malice.sent += len(PIECE)
        except OSError:
            malice.left.set()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def hostile(malice: Malice) -> Iterator[str]:
    """Serve it on the loopback, and give its address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.malice = malice
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        malice.left.set()
        server.shutdown()
        server.server_close()


def _model(path: str, kind: str, size: int | None) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {"name": name, "path": path, "type": kind, "size": size, "last_modified": MOMENT}
