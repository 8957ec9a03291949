"""The mail server as a part of the stack, and how the portal reaches it."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from demo.stack import REPOSITORY, Component, Stack, write_private

USER = "portal"
SENDER = "Research Portal <portal@portal.example>"


def messages(stack: Stack) -> Path:
    """Return the folder with the messages, an .eml file each."""
    return stack.state / "mail" / "messages"


def url(stack: Stack) -> str:
    """Return the address with which the portal hands mail in."""
    return f"smtp://{USER}:{stack.secret('mail')}@127.0.0.1:{stack.port_of('mail')}"


def configuration(*, port: int, folder: Path, password: str) -> str:
    """Return the text of the server's configuration."""
    told = {"port": port, "folder": str(folder), "user": USER, "password": password}
    return json.dumps(told, indent=1)


def prepare(stack: Stack) -> None:
    """Write the configuration, which holds the password."""
    text = configuration(
        port=stack.port_of("mail"), folder=messages(stack), password=stack.secret("mail")
    )
    write_private(_file(stack), text)


def command(stack: Stack) -> list[str]:
    """Return the server's command line."""
    return [str(stack.python("mail")), "-m", "demo.mail.server", str(_file(stack))]


def health(stack: Stack) -> str | None:
    """Wait for its greeting."""
    try:
        with socket.create_connection(("127.0.0.1", stack.port_of("mail")), timeout=2) as line:
            said = line.recv(256)
            line.sendall(b"QUIT\r\n")
    except OSError:
        return "no connections yet"
    return None if said.startswith(b"220") else said.decode(errors="replace").strip()[:80]


def _file(stack: Stack) -> Path:
    return stack.folder("mail") / "configuration.json"


ENVIRONMENTS = {"mail": Path(__file__).with_name("requirements.txt")}
COMPONENTS = (
    Component(
        name="mail",
        title="Mail server",
        command=command,
        health=health,
        environments=("mail",),
        prepare=prepare,
        variables=lambda stack: {"PYTHONPATH": str(REPOSITORY)},
        url=lambda stack: f"smtp://127.0.0.1:{stack.port_of('mail')}",
        stop_seconds=5.0,
    ),
)
