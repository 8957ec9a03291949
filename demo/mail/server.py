"""An SMTP server on loopback: it asks for the portal's password and keeps messages as files."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import signal
import sys
import time
import uuid
import warnings
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

MAX_BYTES = 2**20
#: The newest stay.
KEEP = 1000


class Folder:
    """Takes each message and writes it whole: ``<time>-<id>.eml``, with its envelope's names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message; the answer is given once it is on disk."""
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        path = self._folder / f"{moment}-{uuid.uuid4().hex[:12]}.eml"
        part = path.with_suffix(".part")
        head = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(head + (envelope.original_content or b""))
        part.replace(path)
        for old in sorted(self._folder.glob("*.eml"))[:-KEEP]:
            old.unlink(missing_ok=True)
        return "250 kept"


async def serve(port: int, folder: Path, user: str, password: str) -> None:
    """Serve until the process is asked to stop."""

    def authenticate(*call: Any) -> AuthResult:
        told = call[-1]
        good = isinstance(told, LoginPassword) and hmac.compare_digest(
            told.login + b":" + told.password, f"{user}:{password}".encode()
        )
        return AuthResult(success=good, handled=good)

    def connection() -> SMTP:
        return SMTP(
            Folder(folder),
            data_size_limit=MAX_BYTES,
            hostname="localhost",
            ident="demo",
            authenticator=authenticate,
            auth_required=True,
            auth_require_tls=False,  # on loopback
        )

    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(connection, "127.0.0.1", port)
    async with server:
        await stopped.wait()


def main(configuration: Path) -> None:
    """Serve as a file says."""
    logging.basicConfig(level=logging.WARNING)
    # At each connection it would say that a password without TLS is read by whoever is in between.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    told = json.loads(configuration.read_text())
    asyncio.run(serve(told["port"], Path(told["folder"]), told["user"], told["password"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
