"""What data managers do, in memory: the service knows who is one, whatever the portal thinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from accounts.credentials import Credential
from data_mgmt.backends import Did, Rule, RuleState
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.backends.rucio.approvals import fits
from tests.fakes.rules import FakeRules, counted
from vre_portal.errors import Forbidden, NotFound


class FakeApprovals(FakeRules):
    """What `data_mgmt.backends.approvals.Approvals` promises."""

    @counted
    def find_rules(self, credential: Credential, question: RuleQuestion) -> Iterator[Rule]:
        sized = (
            replace(kept.rule, bytes=self._listed_bytes(kept.rule.did))
            for kept in list(self.rules.values())
        )
        return iter([rule for rule in sized if fits(question, rule)])

    def _listed_bytes(self, did: Did) -> int | None:
        return None if did in self.uncounted else self._info(did).bytes

    @counted
    def approve_rule(self, credential: Credential, rule_id: str) -> None:
        kept = self._kept(rule_id)
        self._must_manage(credential)
        if kept.rule.state is RuleState.WAITING_APPROVAL:
            kept.rule = replace(kept.rule, state=RuleState.INJECT)

    @counted
    def deny_rule(self, credential: Credential, rule_id: str, note: str) -> None:
        kept = self._kept(rule_id)
        self._must_manage(credential)
        if kept.rule.state is RuleState.WAITING_APPROVAL:
            del self.rules[rule_id]

    @counted
    def grant_quota(self, credential: Credential, account: str, storage: str, size: int) -> None:
        if storage not in self.storages:
            raise NotFound("There is no such storage.", service="rucio")
        self._must_manage(credential)
        if all(known != account for known, _storage in self.limits):
            raise NotFound("There is no such account.", service="rucio")
        self.limits[account, storage] = size

    def _must_manage(self, credential: Credential) -> None:
        if credential.account != "root" and credential.account not in self.data_managers:
            raise Forbidden("Rucio does not let your account do this.", service="rucio")
