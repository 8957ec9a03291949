"""Rules: made, followed file by file, changed, and ended now or later."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import (
    Did,
    FileFault,
    FileState,
    FileStates,
    Lock,
    Rule,
    RuleState,
    file_key,
)
from vre_portal.errors import Forbidden

DEFAULT_ACTIVITY = "User Subscriptions"
#: The highest priority of FTS, which takes 1 to 5; Rucio gives 3.
HURRIED = 5
#: With more stuck files than these their analysis takes too long.
EXAMINED = 200
#: With more files than these they are not listed one by one.
LISTED = 50_000


class RucioRules:
    """The rules' part of the adapter."""

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
        """Ask for copies; Rucio lays the locks later, so that a large DID answers at once too."""
        body = {
            "dids": [{"scope": did.scope, "name": did.name}],
            "account": account or credential.account,
            "copies": copies,
            "rse_expression": storage,
            "grouping": "DATASET",
            "lifetime": lifetime_seconds,
            "comment": comment,
            "ask_approval": ask_approval,
            "asynchronous": True,
            "activity": activity or DEFAULT_ACTIVITY,
        }
        return str(rest.ask(credential, "POST", "/rules/", body=body).json()[0])

    def get_rule(self, credential: Credential, rule_id: str) -> Rule:
        """Return one rule."""
        return parsing.rule_of(rest.value(credential, _path(rule_id)))

    def list_rules(
        self, credential: Credential, *, created_after: datetime | None = None
    ) -> tuple[Rule, ...]:
        """Return the account's rules in one question."""
        params = {"account": credential.account}
        if created_after:
            params["created_after"] = parsing.time_text(created_after)
        return tuple(map(parsing.rule_of, rest.rows(credential, "/rules/", params=params)))

    def rules_of(self, credential: Credential, did: Did) -> tuple[Rule, ...]:
        """Return the rules on a DID itself."""
        return tuple(map(parsing.rule_of, rest.rows(credential, f"/dids/{did_path(did)}/rules")))

    def list_locks(self, credential: Credential, rule_id: str) -> tuple[Lock, ...]:
        """Return how far each file is."""
        return tuple(map(parsing.lock_of, rest.rows(credential, f"{_path(rule_id)}/locks")))

    def list_file_states(
        self,
        credential: Credential,
        rule_id: str,
        *,
        states: Collection[RuleState] = (),
        limit: int,
        after: str = "",
    ) -> FileStates:
        """Return a page of files: the locks are read as they come, and only a page of them held."""
        # Rucio answers a list of nothing for a rule that it does not know, and reads all of
        # a long one into memory before it tells the first.
        rule = self.get_rule(credential, rule_id)
        if rule.locks_total > LISTED:
            return FileStates((), is_cut=True)
        locks = map(parsing.lock_of, rest.rows(credential, f"{_path(rule_id)}/locks"))
        wanted = (
            lock
            for lock in locks
            if (not states or lock.state in states) and file_key(lock) > after
        )
        found = heapq.nsmallest(limit + 1, wanted, key=file_key)
        faults = self._faults_of(credential, rule, found[:limit])
        items = tuple(_explained(lock, rule, faults.get(file_key(lock))) for lock in found[:limit])
        return FileStates(items, file_key(found[limit - 1]) if len(found) > limit else "")

    def _faults_of(
        self, credential: Credential, rule: Rule, locks: Iterable[Lock]
    ) -> Mapping[str, FileFault]:
        # The analysis takes Rucio some questions a file, and only data managers may read transfers.
        if rule.locks_stuck > EXAMINED or all(lock.state is not RuleState.STUCK for lock in locks):
            return {}
        return {file_key(fault): fault for fault in self.faults(credential, rule.id)}

    def faults(self, credential: Credential, rule_id: str) -> tuple[FileFault, ...]:
        """Return what the analysis of a rule says of its files."""
        found = rest.value(credential, f"{_path(rule_id)}/analysis")
        return tuple(map(parsing.fault_of, found.get("transfers") or ()))

    def set_lifetime(self, credential: Credential, rule_id: str, seconds: int | None) -> None:
        """Let a rule end so long after now; Rucio takes 0 as the end, so it is not for here."""
        _update(credential, rule_id, {"lifetime": seconds})

    def set_comment(self, credential: Credential, rule_id: str, comment: str) -> None:
        """Write the comment of a rule."""
        _update(credential, rule_id, {"comment": comment})

    def boost_rule(self, credential: Credential, rule_id: str) -> None:
        """Let the repairer take a stuck rule at once instead of in its turn."""
        _update(credential, rule_id, {"boost_rule": True})

    def hurry_rule(self, credential: Credential, rule_id: str) -> None:
        """Raise the priority of a rule and of the transfers that it waits for."""
        _update(credential, rule_id, {"priority": HURRIED})

    def cancel_rule(self, credential: Credential, rule_id: str) -> None:
        """End a rule now: a DELETE would keep it for another hour."""
        _unlock(credential, rule_id)
        _update(credential, rule_id, {"lifetime": 0})

    def end_rule_later(self, credential: Credential, rule_id: str) -> None:
        """Let a rule end within the hour."""
        _unlock(credential, rule_id)
        _change(credential, rule_id, "DELETE", {})


def _path(rule_id: str) -> str:
    return f"/rules/{quote(rule_id, safe='')}"


def _update(credential: Credential, rule_id: str, options: Mapping[str, Any]) -> None:
    _change(credential, rule_id, "PUT", {"options": options})


def _unlock(credential: Credential, rule_id: str) -> None:
    """Let a rule end at all: Rucio locks those on tape that were made without a lifetime."""
    if rest.value(credential, _path(rule_id)).get("locked"):
        _update(credential, rule_id, {"locked": False})


def _change(credential: Credential, rule_id: str, method: str, body: object) -> None:
    try:
        rest.ask(credential, method, _path(rule_id), body=body)
    except Forbidden:
        # So says Rucio of a rule that is gone, too.
        rest.value(credential, _path(rule_id))
        raise


def _explained(lock: Lock, rule: Rule, fault: FileFault | None) -> FileState:
    """Return a file with what is known of its last transfer: the rule's error names one file."""
    reason = ""
    if lock.state is RuleState.STUCK:
        reason = rule.error if str(lock.did) in rule.error else _told_by(fault)
    return FileState(lock.did, lock.storage, lock.state, reason)


def _told_by(fault: FileFault | None) -> str:
    if fault is None or fault.reason or not fault.attempts:
        return fault.reason if fault else ""
    source = f", read from {fault.source}" if fault.source else ""
    return f"It failed at each of {fault.attempts} attempts{source}."
