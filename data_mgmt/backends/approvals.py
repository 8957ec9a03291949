"""Rules by question, and what data managers decide: approvals and quotas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from accounts.credentials import Credential
from data_mgmt.backends.values import Rule, RuleState


@dataclass(frozen=True, slots=True)
class RuleQuestion:
    """Which rules are looked for; an empty part asks for all, ``*`` stands for any text."""

    state: RuleState | None = None
    account: str = ""
    storage: str = ""
    scope: str = ""
    name: str = ""


class Approvals(Protocol):
    """The data manager's part of a data service; the service decides who is one."""

    def find_rules(self, credential: Credential, question: RuleQuestion) -> Iterator[Rule]:
        """Yield the rules of all accounts that fit, as they come, in no order."""
        ...

    def approve_rule(self, credential: Credential, rule_id: str) -> None:
        """Let a rule go on that waits for approval; another one is left as it is."""
        ...

    def deny_rule(self, credential: Credential, rule_id: str, note: str) -> None:
        """Remove a rule that waits for approval; another one is left as it is."""
        ...

    def grant_quota(self, credential: Credential, account: str, storage: str, size: int) -> None:
        """Let an account use so many bytes at a storage in all."""
        ...
