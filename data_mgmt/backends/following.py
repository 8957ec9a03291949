"""How rules and transfers go on: what has changed lately, and why a file is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Did, Rule


class TransferState(StrEnum):
    """Where the transfer of one file stands."""

    HELD_BACK = "held_back"
    QUEUED = "queued"
    UNDER_WAY = "under_way"
    NO_SOURCE = "no_source"
    ONLY_TAPE = "only_tape"
    NO_COMMON_PROTOCOL = "no_common_protocol"
    SUSPENDED = "suspended"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Transfer:
    """The transfer of one file to one storage: where it stands, since when, what it said."""

    state: TransferState
    attempts: int = 0
    reason: str = ""
    source: str = ""
    since: datetime | None = None


class Following(Protocol):
    """What tells how rules go on."""

    def rules_changed(self, service_credential: Credential, since: datetime) -> Iterator[Rule]:
        """Yield the rules of all accounts that changed since a time, in no order.

        Rules that were removed are not among them.
        """
        ...

    def transfer_of(self, credential: Credential, file: Did, storage: str) -> Transfer | None:
        """Return how the transfer of a file to a storage stands; None where there is none."""
        ...

    def hurry_rule(self, credential: Credential, rule_id: str) -> None:
        """Have the files of a rule taken before those of others. Its owner only."""
        ...
