"""What the stack tells one provider: a JSON file, written by `component`, read by `settings`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: The demo's passwords and secrets are random: stretching them would only slow the start down.
PASSWORD_ROUNDS = 20_000


@dataclass(frozen=True)
class Client:
    """A program that may ask this provider for tokens; the secret is stored hashed."""

    client_id: str
    name: str
    secret_hash: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    #: The audiences for which the client may exchange its users' tokens (RFC 8693).
    exchange_audiences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """A person whom this provider knows; the password is stored hashed."""

    username: str
    subject: str
    name: str
    email: str
    role: str
    groups: tuple[str, ...]
    password_hash: str
    #: Of the code generator; empty where a password is all.
    totp_secret: str = ""


@dataclass(frozen=True)
class Configuration:
    """Everything that tells one running provider from the other."""

    slug: str
    issuer: str
    title: str  # the federation's proxy, as INDIGO IAM or Check-in are
    institute: str  # the home institute whose password page is shown
    token_audience: str  # of plain access tokens
    scopes: tuple[str, ...]  # beside OpenID Connect's own
    cookie_prefix: str
    secret_key: str
    database_url: str
    key_file: str
    clients: tuple[Client, ...]
    people: tuple[Account, ...]
    #: Where each token is written down, for the test that looks for them elsewhere; empty: nowhere.
    record_file: str = ""

    def to_json(self) -> str:
        """Return the file's text."""
        return json.dumps(asdict(self), indent=1)


def read_configuration(path: Path) -> Configuration:
    """Read what `Configuration.to_json` wrote."""
    fields = json.loads(path.read_text())
    fields["clients"] = tuple(Client(**_tuples(client)) for client in fields["clients"])
    fields["people"] = tuple(Account(**_tuples(person)) for person in fields["people"])
    return Configuration(**_tuples(fields))


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
