"""What the portal asks of a data service: the protocol, its values, and the adapter in use."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

from django.utils.module_loading import import_string

from accounts.credentials import Credential
from data_mgmt.backends.approvals import Approvals
from data_mgmt.backends.collections import Collections, Groups
from data_mgmt.backends.contents import Contents, FileSource, FileSources
from data_mgmt.backends.following import Following, Transfer, TransferState
from data_mgmt.backends.harvest import DidDetails, Harvesting
from data_mgmt.backends.storages import DatasetAt, Door, StorageDetails
from data_mgmt.backends.subscriptions import Subscriptions
from data_mgmt.backends.uploads import Uploads
from data_mgmt.backends.values import (
    Availability,
    Copy,
    Did,
    DidInfo,
    DidPage,
    DidType,
    Downloaded,
    FileEntry,
    FileFault,
    FileReplicas,
    FileState,
    FileStates,
    Lock,
    Rule,
    RuleState,
    Source,
    Storage,
    StorageKind,
    Usage,
    Value,
)
from vre_portal.config import get_config
from vre_portal.errors import PortalError

__all__ = [
    "Availability",
    "Copy",
    "DataBackend",
    "DatasetAt",
    "Did",
    "DidDetails",
    "DidInfo",
    "DidPage",
    "DidType",
    "Door",
    "Downloaded",
    "FileEntry",
    "FileFault",
    "FileReplicas",
    "FileSource",
    "FileSources",
    "FileState",
    "FileStates",
    "Lock",
    "Rule",
    "RuleState",
    "Source",
    "Storage",
    "StorageDetails",
    "StorageKind",
    "Transfer",
    "TransferState",
    "Usage",
    "Value",
    "get_backend",
]


class DataBackend(
    Approvals, Subscriptions, Following, Uploads, Harvesting, Collections, Groups, Contents,
    Protocol,
):  # fmt: skip
    """A data service. Each method acts for the credential's owner and raises only `PortalError`.

    An unknown scope, DID, storage or rule is `NotFound`, never an empty answer.
    """

    def whoami(self, credential: Credential) -> str:
        """Return the account that the service sees behind the credential."""
        ...

    def list_scopes(self, credential: Credential) -> tuple[str, ...]:
        """Return all scopes, sorted."""
        ...

    def search_dids(
        self,
        credential: Credential,
        scope: str,
        *,
        pattern: str = "*",
        type: DidType | None = None,
        filters: Mapping[str, Any] | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> DidPage:
        """Return DIDs whose name matches (``*`` is any text), by name, those after `after`."""
        ...

    def get_did(self, credential: Credential, did: Did) -> DidInfo:
        """Return one DID; sizes are those of all files below it."""
        ...

    def get_dids(self, credential: Credential, dids: Sequence[Did]) -> Iterator[DidInfo]:
        """Yield those of many DIDs that there are, in their order; a size may be unknown."""
        ...

    def list_contents(self, credential: Credential, did: Did, *, limit: int) -> tuple[DidInfo, ...]:
        """Return at most `limit` DIDs directly in a collection, by name."""
        ...

    def list_files(self, credential: Credential, did: Did, *, limit: int) -> tuple[FileEntry, ...]:
        """Return at most `limit` files below a DID, by name; a file is its own."""
        ...

    def each_child(self, credential: Credential, did: Did) -> Iterator[DidInfo]:
        """Yield all DIDs directly in a collection as they come, in no order, few of their sizes."""
        ...

    def each_file(self, credential: Credential, did: Did) -> Iterator[FileEntry]:
        """Yield all files below a DID as they come, in no order; one may come more than once."""
        ...

    def parents(self, credential: Credential, did: Did) -> tuple[Did, ...]:
        """Return the collections that hold a DID, sorted."""
        ...

    def metadata(self, credential: Credential, did: Did) -> Mapping[str, Any]:
        """Return what people wrote about a DID."""
        ...

    def made_at(self, credential: Credential, did: Did) -> datetime | None:
        """Return when a DID was registered, where that is known."""
        ...

    def may_describe(self, credential: Credential, did: Did) -> bool:
        """Return whether the account may change a DID's metadata."""
        ...

    def check_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        """Raise what `set_metadata` would refuse before it asks anything to be written."""
        ...

    def set_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        """Write keys, or take those away whose value is None; `Forbidden` for data of others."""
        ...

    def availability(self, credential: Credential, did: Did) -> tuple[Availability, ...]:
        """Return how much of a DID is where, by storage."""
        ...

    def list_replicas(
        self, credential: Credential, did: Did, *, limit: int
    ) -> tuple[FileReplicas, ...]:
        """Return at most `limit` files below a DID with their copies, by name."""
        ...

    def list_storages(self, credential: Credential) -> tuple[Storage, ...]:
        """Return all storages, by name."""
        ...

    def get_storage(self, credential: Credential, name: str) -> StorageDetails:
        """Return one storage with its attributes, limits and protocols."""
        ...

    def datasets_at(
        self, credential: Credential, storage: str, *, limit: int
    ) -> tuple[DatasetAt, ...]:
        """Return at most `limit` datasets of which a storage has files, as last counted."""
        ...

    def where_datasets(self, credential: Credential, dids: Sequence[Did]) -> tuple[DatasetAt, ...]:
        """Return where datasets are, as last counted; of those that are nowhere there is no row."""
        ...

    def usage(self, credential: Credential, *, account: str = "") -> tuple[Usage, ...]:
        """Return what the account, or a group's, uses where it has a limit or data."""
        ...

    def add_rule(
        self,
        credential: Credential,
        did: Did,
        *,
        storage: str,
        copies: int = 1,
        lifetime_seconds: int | None = None,
        comment: str = "",
        activity: str = "",
        ask_approval: bool = False,
        account: str = "",
    ) -> str:
        """Ask for copies at a storage, for an `account` that is not one's own, and return the id.

        With `ask_approval` the rule waits until an approver lets it go, and no quota is asked.
        """
        ...

    def get_rule(self, credential: Credential, rule_id: str) -> Rule:
        """Return one rule."""
        ...

    def list_rules(
        self, credential: Credential, *, created_after: datetime | None = None
    ) -> tuple[Rule, ...]:
        """Return the rules of the credential's account, all or those made after a time."""
        ...

    def rules_of(self, credential: Credential, did: Did) -> tuple[Rule, ...]:
        """Return the rules on a DID, of all accounts."""
        ...

    def list_locks(self, credential: Credential, rule_id: str) -> tuple[Lock, ...]:
        """Return how far each file of a rule is."""
        ...

    def faults(self, credential: Credential, rule_id: str) -> tuple[FileFault, ...]:
        """Return why files of a stuck rule do not arrive."""
        ...

    def list_file_states(
        self,
        credential: Credential,
        rule_id: str,
        *,
        states: Collection[RuleState] = (),
        limit: int,
        after: str = "",
    ) -> FileStates:
        """Return at most `limit` files of a rule with their last errors, those after a key."""
        ...

    def set_lifetime(self, credential: Credential, rule_id: str, seconds: int | None) -> None:
        """Let a rule end so many seconds after now, or never. Its owner only, as all changes."""
        ...

    def set_comment(self, credential: Credential, rule_id: str, comment: str) -> None:
        """Write the comment of a rule."""
        ...

    def boost_rule(self, credential: Credential, rule_id: str) -> None:
        """Have the stuck files of a rule tried again at once."""
        ...

    def cancel_rule(self, credential: Credential, rule_id: str) -> None:
        """End a rule now; the copies that only it holds are then removed."""
        ...

    def end_rule_later(self, credential: Credential, rule_id: str) -> None:
        """Let a rule end in an hour, or at its own end if that is earlier."""
        ...

    def download(self, credential: Credential, did: Did, folder: Path) -> tuple[Downloaded, ...]:
        """Fetch all files below a DID into a folder and compare their checksums."""
        ...

    def search_source(
        self,
        credential: Credential,
        scope: str,
        *,
        pattern: str = "*",
        type: DidType | None = None,
        after: str | None = None,
    ) -> Source:
        """Return where a search streams its rows, in no order."""
        ...

    def contents_source(self, credential: Credential, did: Did) -> Source:
        """Return where the list of a collection streams its rows."""
        ...

    def files_source(self, credential: Credential, did: Did) -> Source:
        """Return where the list of files streams its rows."""
        ...

    def refusal(self, credential: Credential, status: int, kind: str, body: bytes) -> PortalError:
        """Return what a refused stream means, by status, error header and body."""
        ...

    def service_credential(self) -> Credential:
        """Return the credential for provisioning, never for what a person does."""
        ...

    def ensure_account(
        self,
        service_credential: Credential,
        handle: str,
        *,
        email: str,
        identities: Sequence[tuple[str, str]],
        quota_bytes: int,
        known_as: str = "",
        absorbed: Sequence[str] = (),
    ) -> str:
        """Make sure that the (issuer, subject) pairs open one account with scope and limits.

        Returns its name: `known_as` while an identity opens it, the one that an identity opens
        already, or one made of `handle`. An identity that opens an `absorbed` account instead is
        moved. Idempotent. `Conflict` where an identity opens another account, or several: those
        are left as they are.
        """
        ...

    def shut_out(
        self,
        service_credential: Credential,
        identities: Sequence[tuple[str, str]],
        *,
        accounts: Sequence[str],
    ) -> None:
        """Make sure that none of the (issuer, subject) pairs opens one of the accounts."""
        ...


@cache
def get_backend() -> DataBackend:
    """Return the configured adapter."""
    return cast("DataBackend", import_string(get_config().data_backend)())
