"""The certified provider of the browser tests: from npm, known to the portal by a file alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.node.component import folder, install
from demo.stack import REPOSITORY, Stack, write_private

SLUG = "certified"
NAME = "oidc-provider"
SOURCE = REPOSITORY / "tests" / SLUG
#: Behind the stack's own listeners and before those of the next stack.
PORT_OFFSET = 15


def issuer(stack: Stack) -> str:
    """Return its issuer, without a slash at the end."""
    return f"http://127.0.0.1:{stack.port + PORT_OFFSET}"


def make(stack: Stack) -> None:
    """Install it from npm, unless it is there."""
    install(stack, SLUG, SOURCE, needed="oidc-provider/package.json")


def write_providers(stack: Stack) -> Path:
    """Write the file for `up --providers`, all that the portal is ever told, and return it."""
    file = stack.state / "certified.yaml"
    write_private(file, json.dumps([entry(stack)], indent=1))
    return file


def entry(stack: Stack) -> Mapping[str, Any]:
    """Return its entry in the providers file; everything else has a default that fits."""
    return {
        "slug": SLUG,
        "name": NAME,
        "description": "A certified OpenID provider, for the browser tests",
        "issuer": issuer(stack),
        "client_id": "portal",
        "client_secret": _secret(stack),
        "roles": [{"role": "member"}],
    }


def command(stack: Stack) -> list[str]:
    """Return its command line, to be run in its environment's folder."""
    return [str(folder(stack) / "node"), str(SOURCE / "provider.mjs")]


def variables(stack: Stack, people: list[dict[str, str]]) -> Mapping[str, str]:
    """Return its settings; each of the people has sub, username, password, name and email."""
    return {
        "PROVIDER_PORT": str(stack.port + PORT_OFFSET),
        "PROVIDER_ISSUER": issuer(stack),
        "PROVIDER_SLUG": SLUG,
        "PROVIDER_CLIENT_SECRET": _secret(stack),
        "PROVIDER_PORTAL": stack.url("portal"),
        "PROVIDER_PEOPLE": json.dumps(people),
        "PROVIDER_RECORD": str(record(stack)),
        "NODE_ENV": "production",
    }


def record(stack: Stack) -> Path:
    """Return the file in which it writes down every token that it gives."""
    return stack.folder(SLUG) / "issued-tokens.txt"


def _secret(stack: Stack) -> str:
    return stack.secret(f"{SLUG}-portal-client")
