"""Who may sign in at the demo's two providers, named by what they are there to show."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from demo.stack import Stack


@dataclass(frozen=True)
class Person:
    """One account at one provider."""

    username: str
    name: str
    email: str
    provider: str
    role: str
    groups: tuple[str, ...]
    second_factor: bool = False

    def totp_secret(self, stack: Stack) -> str:
        """Return the secret of the code generator, empty for people without one."""
        return stack.secret(f"totp-{self.username}") if self.second_factor else ""

    def password(self, stack: Stack) -> str:
        """Return the password, short enough to be typed."""
        return stack.secret(f"person-{self.username}", length=9)

    def subject(self, stack: Stack) -> str:
        """Return the `sub` claim: a UUID at escape, a voperson_id at checkin."""
        if self.provider == "checkin":
            return f"{hashlib.sha256(self.username.encode()).hexdigest()}@checkin.demo"
        return str(uuid.uuid5(uuid.NAMESPACE_URL, issuer(stack, self.provider) + self.username))


def issuer(stack: Stack, provider: str) -> str:
    """Return a provider's issuer; only escape's ends with a slash."""
    return stack.url(f"iam-{provider}", "/" if provider == "escape" else "/oidc")


PEOPLE = (
    Person(
        username="researcher",
        name="Rana Researcher",
        email="researcher@example.org",
        provider="escape",
        role="researcher",
        groups=("/escape", "/escape/cms"),
    ),
    Person(
        username="datamanager",
        name="Dana Datamanager",
        email="datamanager@example.org",
        provider="escape",
        role="datamanager",
        groups=("/escape", "/escape/data-managers"),
    ),
    Person(
        username="operator",
        name="Otis Operator",
        email="operator@example.org",
        provider="escape",
        role="operator",
        groups=("/escape", "/escape/operators"),
        second_factor=True,
    ),
    Person(
        username="colleague",
        name="Coline Colleague",
        email="colleague@example.org",
        provider="checkin",
        role="colleague",
        groups=("km3net",),
    ),
    Person(
        username="newcomer",
        name="Nico Newcomer",
        email="newcomer@example.org",
        provider="checkin",
        role="newcomer",
        groups=("km3net",),
    ),
    Person(
        username="outsider",
        name="Oda Outsider",
        email="outsider@example.org",
        provider="checkin",
        role="in no group yet",
        groups=(),
    ),
    Person(
        username="stranger",
        name="Sam Stranger",
        email="",
        provider="checkin",
        role="whose institute tells nothing but an identifier",
        groups=(),
    ),
)
