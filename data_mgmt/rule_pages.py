"""What the pages of all rules and of quota show, worked out before any template sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt import approval_pages, storage_pages
from data_mgmt.backends import Rule, RuleState
from data_mgmt.models_approvals import QuotaRequest, RuleVerb
from data_mgmt.request_forms import LifetimeForm
from data_mgmt.rule_forms import PARTS, STATES, RulesForm
from data_mgmt.services.acting import Actor
from data_mgmt.services.my_rules import Mine, Rules
from data_mgmt.services.places import StorageUse
from data_mgmt.services.reasons import in_words
from vre_portal.components.formats import number, percent, size
from vre_portal.errors import PortalError

HALTED = (RuleState.STUCK, RuleState.SUSPENDED)
WORDS = {state: name for name, state in STATES.items()}
NEARLY_FULL = 0.9


def listing(
    found: Rules | None,
    query: Mapping[str, str],
    actors: Sequence[Actor],
    problem: PortalError | None = None,
) -> dict[str, Any]:
    """Return the page of all rules, with the account of those that are a group's."""
    groups = {actor.account: actor.name for actor in actors if actor.group}
    kept = {key: query[key] for key in (*PARTS, "limit") if query.get(key)}
    address = reverse("data_mgmt:rules")
    more = found.next if found else ""
    return {
        "lead": _lead(found) if found else "",
        "rows": [_row(each, groups) for each in found.items] if found else [],
        "filters": RulesForm(query if kept else None, actors=actors),
        "filtered": bool(kept.keys() - {"sort", "limit"}),
        "sorted": bool(kept),
        "problem": problem,
        "first": f"{address}?{urlencode(kept)}" if query.get("cursor") else "",
        "next": f"{address}?{urlencode({**kept, 'cursor': more})}" if more else "",
    }


def _lead(found: Rules) -> str:
    words = ngettext("%(n)s rule holds %(size)s.", "%(n)s rules hold %(size)s.", found.total)
    if found.uncounted:
        words = ngettext(
            "%(n)s rule holds at least %(size)s.",
            "%(n)s rules hold at least %(size)s.",
            found.total,
        )
    return words % {"n": number(found.total), "size": size(found.bytes)}


def _row(each: Mine, groups: Mapping[str, str]) -> dict[str, Any]:
    rule = each.rule
    total = rule.locks_total
    return {
        "rule": rule,
        "request": each.request,
        "group": groups.get(rule.account, ""),
        "state": WORDS[rule.state],
        "files": f"{number(rule.locks_ok)} / {number(total)}" if total else "",
        "error": in_words(rule.error or "") if rule.state in HALTED else "",
    }


def question(
    rules: Sequence[Rule], verb: RuleVerb, form: LifetimeForm | None, gone: int
) -> dict[str, Any]:
    """Return the question before several rules are changed."""
    count, texts = len(rules), {
        RuleVerb.EXTEND: ngettext("Extend %(n)d rule", "Extend %(n)d rules", len(rules)),
        RuleVerb.END: ngettext("Delete %(n)d rule now?", "Delete %(n)d rules now?", len(rules)),
        RuleVerb.END_LATER: ngettext(
            "Let %(n)d rule end in an hour?", "Let %(n)d rules end in an hour?", len(rules)
        ),
    }  # fmt: skip
    return {
        "rules": rules,
        "verb": verb,
        "form": form,
        "title": texts[verb] % {"n": count},
        "lead": _meaning(verb, sum(rule.bytes or 0 for rule in rules)),
        "gone": gone,
    }


def _meaning(verb: RuleVerb, total: int) -> str:
    if verb == RuleVerb.EXTEND:
        return _("%(size)s are kept as long as you say.") % {"size": size(total)}
    if verb == RuleVerb.END:
        return _(
            "Of %(size)s, what nobody else holds at these storages is deleted at once; the data"
            " stays wherever else it is."
        ) % {"size": size(total)}
    return _(
        "Rucio ends them in an hour, and then deletes of %(size)s what nobody else holds there."
        " Until then you can extend them."
    ) % {"size": size(total)}


def quota(
    found: Sequence[StorageUse], pending: Mapping[str, QuotaRequest], asked: Sequence[QuotaRequest]
) -> dict[str, Any]:
    """Return the page of quota over all storages."""
    rows = [_quota_row(each, pending.get(each.storage.name)) for each in found]
    used = sum(each.usage.used for each in found if each.usage)
    files = sum(each.usage.files for each in found if each.usage)
    places = sum(bool(each.usage and each.usage.used) for each in found)
    words = ngettext(
        "You hold %(size)s in %(files)s files at %(n)s storage.",
        "You hold %(size)s in %(files)s files at %(n)s storages.",
        places,
    )
    told = {"size": size(used), "files": number(files), "n": number(places)}
    return {
        "rows": rows,
        "lead": words % told if used else _("You hold nothing yet."),
        "asked": [approval_pages.quota_row(row) for row in asked],
    }


def _quota_row(each: StorageUse, pending: QuotaRequest | None) -> dict[str, Any]:
    usage = each.usage
    limit = usage.limit if usage else 0
    full = bool(usage and limit and usage.used >= NEARLY_FULL * limit)
    return {
        "storage": each.storage,
        "kind": storage_pages.kind(each.storage),
        "used": usage.used if usage else 0,
        "files": usage.files if usage else 0,
        "limit": limit,
        "remaining": usage.remaining if usage else 0,
        "share": percent(usage.used, limit) if usage and limit else "",
        "tone": "wait" if full else "run",
        "pending": pending,
        "has_use": usage is not None,
    }
