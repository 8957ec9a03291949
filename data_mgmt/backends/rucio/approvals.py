"""The adapter's methods for data managers: rules of everybody, approvals, quotas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.values import Rule, RuleState
from vre_portal.errors import Forbidden, InvalidRequest

#: How Rucio's database writes the states of rules.
LETTERS = {
    RuleState.REPLICATING: "R",
    RuleState.OK: "O",
    RuleState.STUCK: "S",
    RuleState.SUSPENDED: "U",
    RuleState.WAITING_APPROVAL: "W",
    RuleState.INJECT: "I",
}


class ApprovalsPart:
    """Rules by question, and what data managers decide."""

    def find_rules(self, credential: Credential, question: RuleQuestion) -> Iterator[Rule]:
        """Yield rules: Rucio leaves out what it can by itself, the rest is left out here."""
        params = {}
        if question.state:
            params["state"] = LETTERS[question.state]
        # Rucio takes a star in account and scope only.
        stars = {"account": question.account, "scope": question.scope}
        params |= {key: text for key, text in stars.items() if text}
        exact = {"name": question.name, "rse_expression": question.storage}
        params |= {key: text for key, text in exact.items() if text and "*" not in text}
        for row in rest.rows(credential, "/rules/", params=params):
            rule = parsing.rule_of(row)
            if fits(question, rule):
                yield rule

    def approve_rule(self, credential: Credential, rule_id: str) -> None:
        """Approve; Rucio answers the same for a rule that does not wait."""
        _decide(credential, rule_id, {"approve": True})

    def deny_rule(self, credential: Credential, rule_id: str, note: str) -> None:
        """Deny; Rucio deletes the rule and mails the note to its owner."""
        _decide(credential, rule_id, {"approve": False, "comment": note})

    def grant_quota(self, credential: Credential, account: str, storage: str, size: int) -> None:
        """Set the limit."""
        path = f"/accounts/{quote(account, safe='')}/limits/local/{quote(storage, safe='')}"
        # An account that Rucio does not know is the other one: the caller's needs no repair.
        nobody = replace(credential, user_id=rest.NOBODY)
        try:
            rest.ask(nobody, "POST", path, body={"bytes": size})
        except Forbidden as exc:
            raise Forbidden(
                "Rucio does not let your account set quotas. Ask its operators to make you a data"
                " manager there.",
                service=rest.SERVICE,
            ) from exc


def fits(question: RuleQuestion, rule: Rule) -> bool:
    """Return whether a rule is one of those that are looked for."""
    texts = (
        (question.account, rule.account),
        (question.storage, rule.storage),
        (question.scope, rule.did.scope),
        (question.name, rule.did.name),
    )
    if question.state and rule.state is not question.state:
        return False
    return all(not wanted or matches(wanted, text) for wanted, text in texts)


def matches(pattern: str, text: str) -> bool:
    """Return whether a text is as a pattern says, in which only the star is special."""
    return fnmatchcase(text, pattern.replace("[", "[[]").replace("?", "[?]"))


def _decide(credential: Credential, rule_id: str, options: dict[str, object]) -> None:
    path = f"/rules/{quote(rule_id, safe='')}"
    try:
        rest.ask(credential, "PUT", path, body={"options": options})
    except Forbidden as exc:
        rest.value(credential, path)  # so says Rucio of a rule that is gone, too
        raise Forbidden(
            "Rucio does not let your account decide about rules. Ask its operators to make you a"
            " data manager there.",
            service=rest.SERVICE,
        ) from exc


def resolved(credential: Credential, expression: str) -> tuple[str, ...]:
    """Return the storages that an expression names."""
    try:
        rows = [*rest.rows(credential, "/rses/", params={"expression": expression})]
    except InvalidRequest as exc:
        raise InvalidRequest(
            f"No storage is meant by {expression}.", field="storage", service=rest.SERVICE
        ) from exc
    return tuple(sorted(str(row["rse"]) for row in rows))
