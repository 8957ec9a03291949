"""What waits for a data manager, in sentences."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.models_approvals import ActionState, QuotaRequest, QuotaState, RuleAction, RuleVerb
from data_mgmt.services.approvals import Queue, Waiting
from vre_portal.components.formats import NOTHING, number, size


def lead(queue: Queue) -> str:
    """Return how much waits."""
    if not queue.total:
        return _("No copy waits for approval.")
    text = ngettext(
        "%(n)s copy waits for approval.", "%(n)s copies wait for approval.", queue.total
    ) % {"n": number(queue.total)}
    if queue.total == len(queue.items) and queue.bytes:
        text += " " + _("%(size)s in all.") % {"size": size(queue.bytes)}
    return text


def room(waiting: Waiting) -> str:
    """Return how much room a storage has for it."""
    if waiting.storage is None or waiting.storage.free is None:
        return NOTHING
    return _("%(size)s free") % {"size": size(waiting.storage.free)}


def quota(waiting: Waiting) -> str:
    """Return what the asker would use there."""
    if waiting.usage is None:
        return _("not known")
    if waiting.usage.limit is None:
        return _("%(used)s, no limit") % {"used": size(waiting.used_after)}
    return _("%(used)s of %(limit)s") % {
        "used": size(waiting.used_after),
        "limit": size(waiting.usage.limit),
    }


def warning(waiting: Waiting) -> str:
    """Return what speaks against it at first sight."""
    if waiting.is_too_large:
        return _("larger than the free space")
    if waiting.exceeds:
        return _("beyond the asker's quota")
    return ""


def outcome(action: RuleAction) -> tuple[str, str]:
    """Return the word and the tone for what came of an action."""
    done = {
        RuleVerb.APPROVE: _("approved"),
        RuleVerb.DENY: _("denied"),
        RuleVerb.EXTEND: _("changed"),
        RuleVerb.END: _("deleted"),
        RuleVerb.END_LATER: _("ends in an hour"),
    }
    words = {
        ActionState.WAITING: (_("on its way"), "run"),
        ActionState.DONE: (
            done[RuleVerb(action.verb)],
            "idle" if action.verb == RuleVerb.DENY else "ok",
        ),
        ActionState.OVERTAKEN: (_("nothing to do"), "idle"),
        ActionState.FAILED: (_("not done"), "bad"),
    }
    return words[ActionState(action.state)]


def quota_state(request: QuotaRequest) -> tuple[str, str]:
    """Return the word and the tone for where a wish for quota stands."""
    words = {
        QuotaState.WAITING: (_("waits"), "wait"),
        QuotaState.GRANTING: (_("being granted"), "run"),
        QuotaState.GRANTED: (_("granted"), "ok"),
        QuotaState.DENIED: (_("denied"), "bad"),
        QuotaState.WITHDRAWN: (_("withdrawn"), "idle"),
    }
    return words[QuotaState(request.state)]


def quota_sentence(request: QuotaRequest) -> str:
    """Return where a wish for quota stands, to the one who asked."""
    who = str(request.decided_by) if request.decided_by else _("A data manager")
    names = {
        "who": who,
        "note": request.note,
        "granted": size(request.granted_bytes),
        "asked": size(request.bytes),
    }
    texts = {
        QuotaState.WAITING: _("Waits for a data manager."),
        QuotaState.GRANTING: _("%(who)s is granting %(granted)s."),
        QuotaState.GRANTED: _("%(who)s granted %(granted)s."),
        QuotaState.DENIED: _("Denied by %(who)s: %(note)s"),
        QuotaState.WITHDRAWN: _("You took it back."),
    }
    text = texts[QuotaState(request.state)] % names
    if request.note and request.state == QuotaState.GRANTED:
        text += f" {request.note}"
    return text
