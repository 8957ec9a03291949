"""The mail server of the settings, read from one address."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import getaddresses
from urllib.parse import unquote, urlsplit

#: Scheme -> the port where none is named (RFC 8314: 465 with TLS at once, 587 for submission).
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the portal hands its mail in, and how."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_encrypted(self) -> bool:
        """Whether what goes there is hidden on its way."""
        return self.scheme != "smtp"


def mail_server(url: str) -> MailServer:
    """Return the server of an address; raise ValueError, without its text, at a wrong one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("not an address with a host and a port") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError(f"use {', '.join(f'{name}://' for name in PORTS)} and a host")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("nothing may follow the host and the port")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("give a user and a password, or neither")
    return MailServer(parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password)


def is_mailbox(text: str) -> bool:
    """Whether a text is one address, with or without a name: ``Portal <portal@example.org>``."""
    found = [address for _name, address in getaddresses([text])]
    local, _at, host = found[0].rpartition("@") if len(found) == 1 else ("", "", "")
    return text.isprintable() and bool(local and host) and not set(local + host) & set(" ,;<>@")
