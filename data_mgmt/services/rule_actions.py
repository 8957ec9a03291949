"""Rules decided about, kept longer or ended, several at once: asked for, done once, told."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import Credential, credential_for
from accounts.models import User
from activity.services import record
from data_mgmt.backends import Rule, RuleState, get_backend
from data_mgmt.models import ReplicaRequest
from data_mgmt.models_approvals import (
    DECISIONS,
    MAX_NOTE,
    ActionState,
    RuleAction,
    RuleVerb,
)
from data_mgmt.services import changes, managers, replicas
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.decisions import RULE, tell_asker
from vre_portal import operations
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Done

ACT = "data.rule-action"
MAX_AT_ONCE = 500
QUICKER = ActionState.OVERTAKEN


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done to rules, with the note or the lifetime that goes with it."""

    verb: RuleVerb
    note: str = ""
    lifetime_days: int | None = None


def check(wish: Wish) -> None:
    """Raise `InvalidRequest` for a note or a lifetime that is out of bounds; `field` names it."""
    if wish.verb == RuleVerb.DENY and not wish.note.strip():
        raise InvalidRequest(_("note: say why it is denied; the asker reads it."), field="note")
    if len(wish.note) > MAX_NOTE or "\x00" in wish.note:
        raise InvalidRequest(
            _("note: keep it within %(most)d characters.") % {"most": MAX_NOTE}, field="note"
        )
    replicas.check(1, wish.lifetime_days, "")


def begin(user: User, rules: Sequence[Rule], wish: Wish) -> UUID:
    """Begin to do the same to each rule, and return the batch under which the outcomes stand.

    A rule that a request of the user's made is changed through the request.

    Raises
    ------
    InvalidRequest
        None is chosen, too many are, or the wish is out of bounds.
    """
    check(wish)
    if not rules:
        raise InvalidRequest(_("Choose at least one rule."), field="rule")
    if len(rules) > MAX_AT_ONCE:
        words = _("Choose at most %(most)d rules at once.") % {"most": MAX_AT_ONCE}
        raise InvalidRequest(words, field="rule")
    batch = uuid.uuid4()
    known = {} if wish.verb in DECISIONS else _requests(user, rules)
    for rule in rules:
        action = _action(user, rule, wish, batch)
        if rule.id in known:
            _through_request(action, known[rule.id])
        else:
            _save(action)
    return batch


def _requests(user: User, rules: Sequence[Rule]) -> dict[str, ReplicaRequest]:
    mine = ReplicaRequest.objects.visible_to(user).filter(rule_id__in=[rule.id for rule in rules])
    return {request.rule_id: request for request in mine}


def _action(user: User, rule: Rule, wish: Wish, batch: UUID) -> RuleAction:
    return RuleAction(
        user=user,
        batch=batch,
        verb=wish.verb,
        rule=UUID(rule.id),
        account=rule.account,
        did_scope=rule.did.scope,
        did_name=rule.did.name,
        storage=rule.storage,
        bytes=rule.bytes,
        lifetime_days=wish.lifetime_days if wish.verb == RuleVerb.EXTEND else None,
        note=wish.note.strip(),
    )


def _save(action: RuleAction) -> None:
    try:
        with transaction.atomic():
            # The work of somebody who has left went with them.
            left = RuleAction.objects.filter(rule=action.rule, user=None)
            left.filter(state=ActionState.WAITING).update(state=ActionState.FAILED)
            action.save()
            operations.begin(ACT, subject=action.pk, user_id=action.user_id)
            _note(action)
    except IntegrityError:
        action.state, action.finished_at = QUICKER, timezone.now()
        action.reason = _("Somebody else is deciding it in this moment.")
        action.save()


def _note(action: RuleAction) -> None:
    detail = {"did": str(action.did), "storage": action.storage, "account": action.account}
    if action.note:
        detail["note"] = action.note
    audit.record(
        f"{RULE}.{action.verb}", actor=action.user, about=(RULE, action.rule_id), detail=detail
    )


def _through_request(action: RuleAction, request: ReplicaRequest) -> None:
    action.state, action.finished_at = ActionState.DONE, timezone.now()
    try:
        if action.verb == RuleVerb.EXTEND:
            wanted = changes.Changes(action.lifetime_days, keeps_lifetime=False)
            changes.change(request, wanted)
        elif action.verb == RuleVerb.END:
            replicas.cancel(request)
        else:
            changes.end_later(request)
        action.reason = _("Asked for through its request.")
    except Conflict as exc:
        action.state, action.reason = ActionState.FAILED, exc.message
    action.save()


def outcomes(user: User, batch: UUID) -> list[RuleAction]:
    """Return what came of each rule of a batch, by DID.

    Raises
    ------
    NotFound
        The user has begun no such batch.
    """
    found = RuleAction.objects.visible_to(user).filter(batch=batch)
    rows = list(found.order_by("did_scope", "did_name", "storage", "pk"))
    if not rows:
        raise NotFound(_("There is no such batch."))
    return rows


def act(operation: Operation) -> operations.Outcome:
    """Do to one rule what is asked, unless somebody else was quicker."""
    action = RuleAction.objects.select_related("user").get(pk=operation.subject)
    if not action.is_waiting or action.user is None:
        return Done()
    credential = credential_for(action.user, SERVICE)
    # After a crash what is gone, or goes on, may be so by this very action.
    done_before = action.sent_at is not None
    try:
        reason = _STEPS[RuleVerb(action.verb)](credential, action)
    except NotFound:
        ours = done_before and action.verb in {RuleVerb.DENY, RuleVerb.END}
        reason = "" if ours else _("It is gone: somebody ended, withdrew or denied it.")
        _finish(action, ActionState.DONE if ours else QUICKER, reason)
    except Conflict as exc:
        ours = done_before and action.verb == RuleVerb.APPROVE
        _finish(action, ActionState.DONE if ours else QUICKER, "" if ours else exc.message)
    else:
        _finish(action, ActionState.DONE, reason)
    return Done()


def _sent(action: RuleAction) -> None:
    if action.sent_at is None:
        RuleAction.objects.filter(pk=action.pk).update(sent_at=timezone.now())


def _waiting_rule(credential: Credential, action: RuleAction) -> Rule:
    rule = get_backend().get_rule(credential, action.rule_id)
    if rule.state is not RuleState.WAITING_APPROVAL:
        raise Conflict(_("It waits no more: somebody else has approved it."))
    return rule


def _approve(credential: Credential, action: RuleAction) -> str:
    _waiting_rule(credential, action)
    _sent(action)
    get_backend().approve_rule(credential, action.rule_id)
    return ""


def _deny(credential: Credential, action: RuleAction) -> str:
    _waiting_rule(credential, action)
    _sent(action)
    get_backend().deny_rule(credential, action.rule_id, action.note)
    with suppress(NotFound):
        # Rucio does not say so when the rule was approved in this moment.
        get_backend().get_rule(credential, action.rule_id)
        raise Conflict(_("It waits no more: somebody else has approved it."))
    return ""


def _extend(credential: Credential, action: RuleAction) -> str:
    days = action.lifetime_days
    get_backend().set_lifetime(credential, action.rule_id, days * changes.DAY if days else None)
    end = get_backend().get_rule(credential, action.rule_id).expires_at
    if end is None or days is None or end > timezone.now() + timedelta(days=days) - changes.CUT:
        return ""
    day = date_format(localtime(end), "DATE_FORMAT")
    return _("Rucio keeps it only until %(day)s.") % {"day": day}


def _end(credential: Credential, action: RuleAction) -> str:
    _sent(action)
    get_backend().cancel_rule(credential, action.rule_id)
    return ""


def _end_later(credential: Credential, action: RuleAction) -> str:
    get_backend().end_rule_later(credential, action.rule_id)
    return ""


_STEPS: Mapping[RuleVerb, Callable[[Credential, RuleAction], str]] = {
    RuleVerb.APPROVE: _approve,
    RuleVerb.DENY: _deny,
    RuleVerb.EXTEND: _extend,
    RuleVerb.END: _end,
    RuleVerb.END_LATER: _end_later,
}


def failed(operation: Operation, error: PortalError) -> None:
    """Record why a rule was not changed."""
    action = RuleAction.objects.select_related("user").get(pk=operation.subject)
    _finish(action, ActionState.FAILED, error.message)


@transaction.atomic
def _finish(action: RuleAction, state: ActionState, reason: str) -> None:
    action.state, action.reason, action.finished_at = state, reason, timezone.now()
    action.save(update_fields=["state", "reason", "finished_at"])
    decided = action.verb in DECISIONS
    if decided and state != ActionState.FAILED:
        managers.forget(action.rule_id)
    if decided and state == ActionState.DONE:
        tell_asker(action)
    if action.user_id is None:
        return
    address = "data_mgmt:action-outcomes"
    record(
        user_id=action.user_id,
        verb=f"{RULE}.{action.verb}",
        subject=(RULE, action.rule_id),
        text=_told(action),
        level={ActionState.DONE: "ok", QUICKER: "info"}.get(state, "error"),
        url=reverse(address, kwargs={"batch": action.batch}),
    )


def _told(action: RuleAction) -> str:
    names = {"did": action.did, "storage": action.storage}
    if action.state == QUICKER:
        return _("Nothing to do for %(did)s at %(storage)s") % names + f": {action.reason}"
    if action.state == ActionState.FAILED:
        return _("Not done for %(did)s at %(storage)s") % names + f": {action.reason}"
    texts = {
        RuleVerb.APPROVE: _("Approved %(did)s at %(storage)s"),
        RuleVerb.DENY: _("Denied %(did)s at %(storage)s"),
        RuleVerb.EXTEND: _("Changed how long %(did)s is kept at %(storage)s"),
        RuleVerb.END: _("Let %(did)s at %(storage)s go"),
        RuleVerb.END_LATER: _("%(did)s at %(storage)s ends in an hour"),
    }
    return texts[RuleVerb(action.verb)] % names
