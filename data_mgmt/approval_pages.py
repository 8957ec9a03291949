"""What the pages of approvals show, worked out before any template sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt import approval_words
from data_mgmt.approval_forms import PARTS, NoteForm, QueueForm
from data_mgmt.backends import Rule
from data_mgmt.models_approvals import ActionState, QuotaRequest, RuleAction, RuleVerb
from data_mgmt.services.approvals import Queue, Waiting
from vre_portal.components.formats import number, size
from vre_portal.errors import PortalError

RULES, QUOTA, DECIDED = "rules", "quota", "decided"


@dataclass(frozen=True, slots=True)
class Tab:
    """One part of the queue's page."""

    key: str
    title: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A rule that waits, as the table shows it."""

    waiting: Waiting
    files: str
    room: str
    quota: str
    warning: str


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What came of one rule."""

    action: RuleAction
    word: str
    tone: str


def tabs(current: str, *, rules: int | None, quota: int) -> list[Tab]:
    """Return the parts of the page."""
    parts = [
        (RULES, _("Copies"), rules),
        (QUOTA, _("Quota"), quota),
        (DECIDED, _("Decided"), None),
    ]
    return [Tab(key, title, count, key == current) for key, title, count in parts]


def queue(found: Queue, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the table of what waits."""
    kept = {key: query[key] for key in (*PARTS, "limit") if query.get(key)}
    return {
        "rows": [_row(each) for each in found.items],
        "lead": approval_words.lead(found),
        "filters": QueueForm(query if kept else None),
        "filtered": bool(kept),
        "first": f"?{urlencode(kept)}" if query.get("cursor") else "",
        "next": f"?{urlencode({**kept, 'cursor': found.next})}" if found.next else "",
    }


def silent(problem: PortalError, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the page without the table, which Rucio did not give."""
    return {
        "rows": [],
        "lead": "",
        "filters": QueueForm(query if any(query.get(key) for key in PARTS) else None),
        "problem": problem,
    }


def _row(each: Waiting) -> WaitingRow:
    count = each.files
    files = ngettext("%(n)s file", "%(n)s files", count or 0) % {"n": number(count)}
    return WaitingRow(
        each,
        files if count is not None else "",
        approval_words.room(each),
        approval_words.quota(each),
        approval_words.warning(each),
    )


def question(rules: Sequence[Rule], verb: str, form: NoteForm, gone: int) -> dict[str, Any]:
    """Return the question before several rules are decided at once."""
    total = sum(rule.bytes or 0 for rule in rules)
    return {
        "rules": rules,
        "verb": verb,
        "denies": verb == RuleVerb.DENY,
        "form": form,
        "bytes": size(total),
        "count": len(rules),
        "gone": gone,
    }


def outcomes(rows: Sequence[RuleAction]) -> dict[str, Any]:
    """Return what came of a batch."""
    decided = rows[0].verb in {RuleVerb.APPROVE, RuleVerb.DENY}
    waiting = sum(row.is_waiting for row in rows)
    failed = sum(row.state == ActionState.FAILED for row in rows)
    if waiting:
        text = ngettext("%(n)s is still on its way.", "%(n)s are still on their way.", waiting)
    elif failed:
        text = _("%(failed)s of %(all)s could not be done.")
    else:
        text = ngettext("All is done: %(all)s rule.", "All is done: %(all)s rules.", len(rows))
    figures = {"n": number(waiting), "all": number(len(rows)), "failed": number(failed)}
    return {
        "rows": [OutcomeRow(row, *approval_words.outcome(row)) for row in rows],
        "lead": text % figures,
        "note": rows[0].note,
        "decided": decided,
        "back": reverse("data_mgmt:approvals" if decided else "data_mgmt:rules"),
        "waiting": waiting,
    }


def quota_row(request: QuotaRequest) -> dict[str, Any]:
    """Return a wish for quota as a table shows it."""
    word, tone = approval_words.quota_state(request)
    return {
        "request": request,
        "word": word,
        "tone": tone,
        "sentence": approval_words.quota_sentence(request),
        "before": _("%(used)s of %(limit)s")
        % {"used": size(request.used_before), "limit": size(request.limit_before)},
    }
