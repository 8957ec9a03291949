"""What the portal asks of a workflow service about itself, and about the person who asks."""

from __future__ import annotations

from typing import Protocol

from accounts.credentials import Credential
from reproducibility.backends.values import About, Person, Quota, Secret, SecretKind


class People(Protocol):
    """The credential's owner at the service; each method raises `PortalError`."""

    def about(self, credential: Credential) -> About:
        """Return what the service is, speaks and allows."""
        ...

    def whoami(self, credential: Credential) -> Person:
        """Return whom the service sees, made at the first call."""
        ...

    def quota(self, credential: Credential) -> Quota:
        """Return what the person uses of what they may."""
        ...

    def secrets(self, credential: Credential) -> tuple[Secret, ...]:
        """Return the names of the secrets that jobs of the person get."""
        ...

    def add_secret(
        self,
        credential: Credential,
        name: str,
        value: bytes,
        *,
        kind: SecretKind = SecretKind.VARIABLE,
        overwrite: bool = False,
    ) -> None:
        """Keep a secret; `Conflict` when there is one of that name, unless it is overwritten."""
        ...

    def remove_secret(self, credential: Credential, name: str) -> None:
        """Forget a secret; `NotFound` when there is none of that name."""
        ...
