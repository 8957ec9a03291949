"""What the portal asks of a data service beyond looking: collections made and changed, groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Did, DidType


class Collections(Protocol):
    """Datasets and containers, as those may change them who own their scope."""

    def make(self, credential: Credential, did: Did, type: DidType, *, account: str = "") -> None:
        """Register an empty dataset or container for an account, one's own unless it is named."""
        ...

    def attach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        """Put DIDs into an open collection, all or none; those that are in it stay."""
        ...

    def detach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        """Take DIDs out of a collection, all or none; one that is not in it is `NotFound`."""
        ...

    def members(self, credential: Credential, did: Did) -> Iterable[tuple[Did, DidType]]:
        """Yield what is directly in a collection, in no order."""
        ...

    def set_open(self, credential: Credential, did: Did, *, is_open: bool) -> None:
        """Close a collection, or open it again where the service allows it."""
        ...

    def erase(self, credential: Credential, did: Did, *, seconds: int | None) -> None:
        """Let a DID end so many seconds after now with the rules on it, or never with None."""
        ...

    def declare_bad(self, credential: Credential, file: Did, *, storage: str, reason: str) -> None:
        """Say that a copy is damaged, so that it is made anew from another; `Conflict` if said."""
        ...


class Groups(Protocol):
    """Who holds what together: accounts of groups, and what decides over the contents of a DID."""

    def scopes_of(self, credential: Credential, account: str) -> tuple[str, ...]:
        """Return the scopes that an account owns, sorted."""
        ...

    def parents_of(self, credential: Credential, dids: Sequence[Did]) -> frozenset[Did]:
        """Return the collections that hold any of several DIDs directly."""
        ...

    def metadata_of(
        self, credential: Credential, dids: Sequence[Did]
    ) -> Mapping[Did, Mapping[str, Any]]:
        """Return what people wrote about each of several DIDs that there are."""
        ...

    def ensure_group(
        self, service_credential: Credential, account: str, *, quota_bytes: int
    ) -> bool:
        """Make a group's account with scope and limits unless it exists; return whether it did."""
        ...

    def set_marks(
        self,
        service_credential: Credential,
        account: str,
        *,
        groups: Collection[str],
        is_data_manager: bool,
    ) -> None:
        """Let an account act for these groups' accounts and no other, and be a data manager or not.

        An account that does not exist has nothing to lose, and is left so.
        """
        ...
