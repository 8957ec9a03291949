"""How rules and transfers go on in the data service in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from accounts.credentials import Credential
from data_mgmt.backends import Did, Rule, Transfer
from tests.fakes.rules import FakeRules, counted


class FakeFollowing(FakeRules):
    """What `data_mgmt.backends.following.Following` promises."""

    def __init__(self) -> None:
        super().__init__()
        #: What a test says of the transfers of files.
        self.transfers: dict[Did, Transfer] = {}

    @counted
    def rules_changed(self, service_credential: Credential, since: datetime) -> Iterator[Rule]:
        rules = [kept.rule for kept in self.rules.values()]
        return iter([rule for rule in rules if rule.updated_at and rule.updated_at >= since])

    @counted
    def transfer_of(self, credential: Credential, file: Did, storage: str) -> Transfer | None:
        return self.transfers.get(file)
