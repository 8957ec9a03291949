"""The rules of the data service in memory."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from accounts.credentials import Credential
from data_mgmt.backends import Did, FileFault, FileState, FileStates, Lock, Rule, RuleState
from data_mgmt.backends.values import file_key
from tests.fakes.catalogue import FakeCatalogue, FakeRule
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, QuotaExceeded

S = TypeVar("S", bound=FakeCatalogue)
P = ParamSpec("P")
R = TypeVar("R")
LATER = timedelta(hours=1)


def counted(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Count calls, and raise or wait where a test said so."""

    @wraps(method)
    def called(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        name = method.__name__
        self.calls[name] += 1
        time.sleep(self.delays.get(name, 0.0))
        error = self.failures.get(name) or self.failures.get("*")
        if error is not None:
            raise error
        return method(self, *args, **kwargs)

    return called  # type: ignore[return-value]  # mypy loses the method in the wrapper


class FakeRules(FakeCatalogue):
    """Rules as `data_mgmt.backends.DataBackend` promises them."""

    @counted
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
        account = account or credential.account
        if account not in {credential.account, *self.acts_for.get(credential.account, ())}:
            raise Forbidden("Rucio does not let your account do this.", service="rucio")
        info = self._info(did)
        if storage not in self.storages:
            raise InvalidRequest("Rucio can't do this: check what you asked for.", service="rucio")
        wanted = (did, account, storage, copies)
        for kept in self.rules.values():
            if (kept.rule.did, kept.rule.account, kept.rule.storage, kept.rule.copies) == wanted:
                raise Conflict("This exists already.", service="rucio")
        quota = self.limits.get((account, storage), 0)
        if not ask_approval and (info.bytes or 0) > quota:
            raise QuotaExceeded("Your quota at this storage does not suffice.", service="rucio")
        now = datetime.now(UTC)
        rule = Rule(
            id=uuid.uuid4().hex,
            did=did,
            account=account,
            storage=storage,
            copies=copies,
            state=RuleState.WAITING_APPROVAL if ask_approval else RuleState.INJECT,
            comment=comment,
            activity=activity or "User Subscriptions",
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_seconds) if lifetime_seconds else None,
        )
        missing = [file for file in self._files(did) if storage not in self.files[file].storages]
        self.rules[rule.id] = FakeRule(rule, missing)
        return rule.id

    @counted
    def get_rule(self, credential: Credential, rule_id: str) -> Rule:
        return self._kept(rule_id).rule

    @counted
    def list_rules(
        self, credential: Credential, *, created_after: datetime | None = None
    ) -> tuple[Rule, ...]:
        return tuple(
            kept.rule
            for kept in self.rules.values()
            if kept.rule.account == credential.account
            and (created_after is None or (kept.rule.created_at or created_after) >= created_after)
        )

    @counted
    def rules_of(self, credential: Credential, did: Did) -> tuple[Rule, ...]:
        self._must_exist(did)
        return tuple(kept.rule for kept in self.rules.values() if kept.rule.did == did)

    @counted
    def list_locks(self, credential: Credential, rule_id: str) -> tuple[Lock, ...]:
        kept = self._kept(rule_id)
        late = RuleState.STUCK if kept.fault else RuleState.REPLICATING
        return tuple(
            Lock(file, kept.rule.storage, late if file in kept.missing else RuleState.OK)
            for file in self._files(kept.rule.did)
        )

    @counted
    def faults(self, credential: Credential, rule_id: str) -> tuple[FileFault, ...]:
        if self.told_faults:
            return self.told_faults
        kept = self._kept(rule_id)
        missing = kept.missing if kept.fault else ()
        return tuple(FileFault(file, kept.rule.storage, kept.fault, 1) for file in missing)

    @counted
    def list_file_states(
        self,
        credential: Credential,
        rule_id: str,
        *,
        states: Collection[RuleState] = (),
        limit: int,
        after: str = "",
    ) -> FileStates:
        kept = self._kept(rule_id)
        if self.cut_files:
            return FileStates((), is_cut=True)
        late = RuleState.STUCK if kept.fault else RuleState.REPLICATING
        rows = [
            FileState(file, kept.rule.storage, late, kept.fault)
            if file in kept.missing
            else FileState(file, kept.rule.storage, RuleState.OK)
            for file in self._files(kept.rule.did)
        ]
        found = [
            row for row in rows if (not states or row.state in states) and file_key(row) > after
        ]
        more = file_key(found[limit - 1]) if len(found) > limit else ""
        return FileStates(tuple(found[:limit]), more)

    @counted
    def set_lifetime(self, credential: Credential, rule_id: str, seconds: int | None) -> None:
        kept = self._own(credential, rule_id)
        span = None if seconds is None else timedelta(seconds=seconds)
        if span and self.longest_lifetime:
            span = min(span, self.longest_lifetime)
        end = None if span is None else datetime.now(UTC) + span
        kept.rule = replace(kept.rule, expires_at=end)

    @counted
    def set_comment(self, credential: Credential, rule_id: str, comment: str) -> None:
        kept = self._own(credential, rule_id)
        kept.rule = replace(kept.rule, comment=comment)

    @counted
    def boost_rule(self, credential: Credential, rule_id: str) -> None:
        self._own(credential, rule_id)

    @counted
    def hurry_rule(self, credential: Credential, rule_id: str) -> None:
        self._own(credential, rule_id)

    @counted
    def cancel_rule(self, credential: Credential, rule_id: str) -> None:
        self._own(credential, rule_id)
        del self.rules[rule_id]

    @counted
    def end_rule_later(self, credential: Credential, rule_id: str) -> None:
        kept = self._own(credential, rule_id)
        later = datetime.now(UTC) + LATER
        kept.rule = replace(kept.rule, expires_at=min(kept.rule.expires_at or later, later))

    def _own(self, credential: Credential, rule_id: str) -> FakeRule:
        kept = self._kept(rule_id)
        acting = {credential.account, *self.acts_for.get(credential.account, ())}
        if kept.rule.account not in acting:
            raise Forbidden("Rucio does not let your account do this.", service="rucio")
        return kept
