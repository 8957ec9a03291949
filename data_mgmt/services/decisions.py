"""What became of a wish that had to be approved, as its owner hears of it."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import BackendAccount
from activity.services import record
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.models_approvals import ActionState, RuleAction, RuleVerb
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.replicas import tell

#: The kind under which a rule that no request made is told of.
RULE = "rule"


def decision_of(rule_id: str) -> RuleAction | None:
    """Return what a data manager said to a rule through the portal, the last word first."""
    if not rule_id:
        return None
    try:
        key = UUID(rule_id)
    except ValueError:
        return None
    said = RuleAction.objects.decisions().filter(rule=key).exclude(state=ActionState.FAILED)
    said = said.exclude(state=ActionState.OVERTAKEN).select_related("user")
    return said.order_by("-created_at").first()


def denial_of(rule_id: str) -> str:
    """Return who denied a rule and why, in a sentence; empty if nobody did through the portal."""
    said = decision_of(rule_id)
    return denial_words(said) if said and said.verb == RuleVerb.DENY else ""


def denial_words(action: RuleAction) -> str:
    """Return a denial in a sentence."""
    return _("Denied by %(who)s: %(note)s") % {"who": decider(action), "note": action.note}


def decider(action: RuleAction) -> str:
    """Return the name of who decided."""
    return str(action.user) if action.user else _("a data manager")


def tell_asker(action: RuleAction) -> None:
    """Tell whoever asked for a rule what was decided: on its request, or in their inbox."""
    request = ReplicaRequest.objects.filter(rule_id=action.rule_id).first()
    if request is None:
        _tell_owner(action)
    elif action.verb == RuleVerb.DENY:
        _deny(request, action)
    else:
        _approve(request, action)


def _approve(request: ReplicaRequest, action: RuleAction) -> None:
    mine = ReplicaRequest.objects.filter(pk=request.pk)
    now = timezone.now()
    waiting = mine.filter(state=RequestState.WAITING_APPROVAL)
    waiting.update(state=RequestState.PREPARING, next_check_at=now, updated_at=now)
    request.refresh_from_db()
    tell(request, "approved", _approval_words(action).replace("%", "%%"), level="ok")


def _deny(request: ReplicaRequest, action: RuleAction) -> None:
    now = timezone.now()
    ReplicaRequest.objects.filter(pk=request.pk).update(
        state=RequestState.CANCELLED,
        reason=denial_words(action),
        finished_at=now,
        next_check_at=None,
        updated_at=now,
    )
    request.refresh_from_db()
    text = _("%(did)s at %(storage)s: %(denial)s") % _named(action, denial=denial_words(action))
    tell(request, "denied", text.replace("%", "%%"), level="warning")


def _tell_owner(action: RuleAction) -> None:
    owners = BackendAccount.objects.filter(service=SERVICE, account=action.account)
    denied = action.verb == RuleVerb.DENY
    text = (
        _("%(did)s at %(storage)s: %(denial)s") % _named(action, denial=denial_words(action))
        if denied
        else _approval_words(action)
    )
    for owner in owners:
        record(
            user_id=owner.user_id,
            verb=f"{RULE}.{'denied' if denied else 'approved'}",
            subject=(RULE, action.rule_id),
            text=text,
            level="warning" if denied else "ok",
            url=reverse("data_mgmt:rules"),
        )


def _approval_words(action: RuleAction) -> str:
    text = _("%(who)s approved %(did)s at %(storage)s") % _named(action, who=decider(action))
    return f"{text}: {action.note}" if action.note else text


def _named(action: RuleAction, **more: str) -> dict[str, object]:
    return {"did": action.did, "storage": action.storage, **more}
