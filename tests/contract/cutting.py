"""A line to a server that tears in the middle of an answer, so often as a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PIECE = 1 << 16


@dataclass
class Line:
    """What went through; after `most` bytes of answers it tears, while `cuts` are left."""

    target: tuple[str, int]
    most: int = 0
    cuts: int = 0
    sent: bytearray = field(default_factory=bytearray)
    received: int = 0

    def connect(self, client: socket.socket) -> None:
        """Pass on both ways until an end closes or the line tears."""
        with client, socket.create_connection(self.target) as server:
            asking = threading.Thread(target=self._ask, args=(client, server), daemon=True)
            asking.start()
            with suppress(OSError):
                self._answer(server, client)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(PIECE):
                self.sent += piece
                server.sendall(piece)
            server.shutdown(socket.SHUT_WR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        while piece := server.recv(PIECE):
            client.sendall(piece)
            self.received += len(piece)
            passed += len(piece)
            if self.cuts and passed >= self.most:
                self.cuts -= 1
                return


@contextmanager
def line_to(url: str) -> Iterator[tuple[Line, str]]:
    """Yield a line to a server of plain HTTP, and the address of its near end."""
    parts = urlsplit(url)
    line = Line((parts.hostname or "", parts.port or 80))
    near = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = near.accept()
                threading.Thread(target=line.connect, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield line, f"http://127.0.0.1:{near.getsockname()[1]}"
    finally:
        near.shutdown(socket.SHUT_RDWR)
        near.close()
        thread.join()
