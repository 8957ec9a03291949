"""What the portal and its worker say to each other over their one connection.

The portal begins with the job. The worker then asks for ranges, one at a time, and ends with its
answer. A message is a head, of fixed length, and a body.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

RANGE, ANSWER = b"r", b"a"
#: From the worker: what it is, then offset and length of a range, or the length of its answer.
HEAD = struct.Struct("!cQQ")
#: From the portal: the length of the bytes that follow.
LENGTH = struct.Struct("!Q")
#: In place of a length: no more bytes for this preview.
REFUSED = 2**64 - 1
MAX_ANSWER = 2 << 20


class Closed(OSError):
    """The other side has gone."""


def receive(connection: socket.socket, length: int) -> bytes:
    """Return exactly so many bytes."""
    parts = []
    while length:
        part = connection.recv(min(length, 1 << 20))
        if not part:
            raise Closed("the connection ended")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def send_document(connection: socket.socket, document: Mapping[str, Any]) -> None:
    """Send a job: its length, then JSON."""
    body = json.dumps(document).encode()
    connection.sendall(LENGTH.pack(len(body)) + body)


def receive_document(connection: socket.socket) -> Any:
    """Return a job."""
    (length,) = LENGTH.unpack(receive(connection, LENGTH.size))
    return json.loads(receive(connection, length))
