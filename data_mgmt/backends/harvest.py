"""What the index asks of a data service: whole lists in parts, what is new, what is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Did, DidInfo


@dataclass(frozen=True, slots=True)
class DidDetails:
    """A DID with everything that the index keeps; `metadata` is None where it was not asked."""

    info: DidInfo
    created_at: datetime | None = None
    metadata: Mapping[str, Any] | None = field(default=None)


class Harvesting(Protocol):
    """The part of a data service that is read for the index, with the service credential.

    Each iterator raises a `PortalError` when the answer breaks off: one that ends is whole.
    """

    def may_bound(self, name: str) -> bool:
        """Return whether a name can be the bound of a part of the names."""
        ...

    def names_between(
        self,
        service_credential: Credential,
        scope: str,
        *,
        after: str = "",
        until: str | None = None,
        limit: int | None = None,
    ) -> Iterator[DidInfo]:
        """Yield the DIDs of a scope behind one name up to another, in any order."""
        ...

    def registered_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[DidInfo]:
        """Yield the DIDs of a scope that were registered at a time or later."""
        ...

    def described_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[Did]:
        """Yield the DIDs of a scope whose free metadata was written at a time or later."""
        ...

    def details_of(
        self, service_credential: Credential, dids: Sequence[Did], *, described: bool
    ) -> Iterator[DidDetails]:
        """Yield details of those of the DIDs that there are, with metadata where they have some."""
        ...
