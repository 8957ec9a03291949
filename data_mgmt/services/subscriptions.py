"""Subscriptions: seen, made, edited and retired, each change once and told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import Credential, credential_for
from accounts.models import User
from activity.services import record
from data_mgmt.backends import Rule, get_backend
from data_mgmt.backends.subscriptions import (
    KEYS,
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
    SubscriptionWish,
)
from data_mgmt.models_approvals import ActionState, SubscriptionChange, SubscriptionVerb
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.managers import is_manager
from vre_portal import operations
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound, PortalError
from vre_portal.models import Operation
from vre_portal.operations import Done

CHANGE = "data.subscription"
TOPIC = "subscription"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAX_COMMENT = 250
MAX_DAYS = 3650
MAX_COPIES = 10
MAX_RULES = 10
SHOWN_RULES = 50
DAY = 86400


def listing(user: User) -> tuple[Subscription, ...]:
    """Return the user's subscriptions, and to a data manager everybody's."""
    credential = credential_for(user, SERVICE)
    account = "" if is_manager(user) else credential.account
    asked = Budget(SERVICE).ask(lambda: get_backend().list_subscriptions(credential, account))
    return asked.get()


def find(user: User, key: UUID) -> Subscription:
    """Return a subscription that the user may see.

    Raises
    ------
    NotFound
        There is none, or it is somebody else's and the user is no data manager.
    """
    credential = credential_for(user, SERVICE)
    asked = Budget(SERVICE).ask(lambda: get_backend().get_subscription(credential, key.hex))
    found = asked.get()
    if found.account != credential.account and not is_manager(user):
        raise NotFound(_("There is no such subscription."))
    return found


def rules_of(user: User, found: Subscription) -> tuple[Rule, ...] | None:
    """Return the newest rules that a subscription made, None when Rucio gives them too late."""
    credential, backend = credential_for(user, SERVICE), get_backend()
    asked = Budget(SERVICE).ask(
        lambda: backend.rules_of_subscription(
            credential, found.account, found.name, limit=SHOWN_RULES
        )
    )
    return asked.get_or(None)


def pending(user: User) -> list[SubscriptionChange]:
    """Return the user's changes that are not in Rucio: under way, or failed in the last day."""
    since = timezone.now() - timedelta(days=1)
    rows = SubscriptionChange.objects.visible_to(user)
    waiting, failed = ActionState.WAITING, ActionState.FAILED
    return [*rows.filter(state=waiting), *rows.filter(state=failed, created_at__gte=since)[:10]]


def changes_of(user: User, found: Subscription) -> list[SubscriptionChange]:
    """Return what the user changed of a subscription through the portal, newest first."""
    rows = SubscriptionChange.objects.visible_to(user)
    return list(rows.filter(account=found.account, name=found.name)[:20])


def add(user: User, name: str, wish: SubscriptionWish) -> SubscriptionChange:
    """Begin to make a subscription of the user's own account.

    Raises
    ------
    Forbidden
        The user is no data manager: Rucio lets nobody else.
    InvalidRequest
        A part can't be used; `field` names it.
    Conflict
        The user has one of that name.
    """
    if not is_manager(user):
        raise Forbidden(_("Only data managers make subscriptions. Ask one of them for it."))
    if not NAME.fullmatch(name):
        words = _("name: use 1 to 64 letters, digits, dots, dashes and underscores.")
        raise InvalidRequest(words, field="name")
    credential = credential_for(user, SERVICE)
    check(credential, wish)
    known = get_backend().list_subscriptions(credential, credential.account)
    if any(each.name == name for each in known):
        raise Conflict(_("You have a subscription %(name)s already.") % {"name": name})
    change = SubscriptionChange(
        user=user, verb=SubscriptionVerb.CREATE, account=credential.account, name=name
    )
    return _begin(change, wish)


def edit(user: User, found: Subscription, wish: SubscriptionWish) -> SubscriptionChange:
    """Begin to write a subscription anew; a retired one goes on with it.

    Raises
    ------
    InvalidRequest
        A part can't be used; `field` names it.
    """
    check(credential_for(user, SERVICE), wish, found.rules)
    return _begin(_of(user, found, SubscriptionVerb.EDIT), wish)


def retire(user: User, found: Subscription) -> SubscriptionChange:
    """Begin to let a subscription make no more rules.

    Raises
    ------
    Conflict
        It makes none any more.
    """
    if found.state is SubscriptionState.RETIRED:
        raise Conflict(_("It is retired already."))
    return _begin(_of(user, found, SubscriptionVerb.RETIRE), None)


def _of(user: User, found: Subscription, verb: SubscriptionVerb) -> SubscriptionChange:
    return SubscriptionChange(
        user=user, verb=verb, account=found.account, name=found.name, subscription=UUID(found.id)
    )


def check(
    credential: Credential, wish: SubscriptionWish, before: Sequence[SubscriptionRule] = ()
) -> None:
    """Raise `InvalidRequest` for a part that can't be used; `field` names it."""
    known = {*get_config().replica_activities, *(rule.activity for rule in before), ""}
    for rule in wish.rules:
        if rule.activity not in known:
            names = ", ".join(get_config().replica_activities)
            words = _("activity: give one of %(names)s.") % {"names": names}
            raise InvalidRequest(words, field="activity")
    wanted = wish.filter
    if not (wanted.scopes or wanted.pattern or wanted.metadata):
        words = _("scope: say which data it is about: a scope, a name, or metadata.")
        raise InvalidRequest(words, field="scope")
    unknown = sorted(set(wanted.metadata) - set(KEYS))
    if unknown:
        words = _("metadata: Rucio holds %(key)s not against subscriptions. It knows %(keys)s.")
        told = {"key": unknown[0], "keys": ", ".join(KEYS)}
        raise InvalidRequest(words % told, field="metadata")
    if len(wish.comment) > MAX_COMMENT or "\x00" in wish.comment:
        words = _("comment: keep it within %(most)d characters.") % {"most": MAX_COMMENT}
        raise InvalidRequest(words, field="comment")
    _check_number("lifetime_days", wish.lifetime_days, MAX_DAYS)
    if not 1 <= len(wish.rules) <= MAX_RULES:
        words = _("storage: give 1 to %(most)d places to copy it to.") % {"most": MAX_RULES}
        raise InvalidRequest(words, field="storage")
    for rule in wish.rules:
        _check_rule(credential, rule)


def _check_rule(credential: Credential, rule: SubscriptionRule) -> None:
    days = rule.lifetime_seconds and rule.lifetime_seconds / DAY
    _check_number("keep_days", days, MAX_DAYS)
    _check_number("copies", rule.copies or 1, MAX_COPIES)
    if not rule.storage.strip() or "\x00" in rule.storage:
        raise InvalidRequest(_("storage: say where to copy it."), field="storage")
    meant = get_backend().resolve_storages(credential, rule.storage)
    if rule.copies > len(meant):
        words = _("copies: %(storage)s has room for %(most)d, one at each storage.")
        told = {"storage": rule.storage, "most": len(meant)}
        raise InvalidRequest(words % told, field="copies")


def _check_number(field: str, number: float | None, most: int) -> None:
    if number is not None and not 1 <= number <= most:
        words = _("%(field)s: give a number from 1 to %(most)d.")
        raise InvalidRequest(words % {"field": field, "most": most}, field=field)


def _begin(change: SubscriptionChange, wish: SubscriptionWish | None) -> SubscriptionChange:
    change.wish = asdict(wish) if wish else {}
    try:
        with transaction.atomic():
            change.save()
            operations.begin(CHANGE, subject=change.pk, user_id=change.user_id)
            about = (TOPIC, change.subscription or change.name)
            detail = {"name": change.name, "account": change.account, **change.wish}
            audit.record(f"{TOPIC}.{change.verb}", actor=change.user, about=about, detail=detail)
    except IntegrityError as exc:
        raise Conflict(
            _("Another change of it is just being made. Load the page again in a moment.")
        ) from exc
    return change


def wish_of(told: Mapping[str, Any]) -> SubscriptionWish:
    """Return a wish as a change keeps it."""
    kept = told["filter"]
    return SubscriptionWish(
        filter=SubscriptionFilter(
            scopes=tuple(kept["scopes"]),
            types=tuple(kept["types"]),
            pattern=kept["pattern"],
            excluded_pattern=kept["excluded_pattern"],
            accounts=tuple(kept["accounts"]),
            metadata={key: tuple(values) for key, values in kept["metadata"].items()},
            extra=kept["extra"],
        ),
        rules=tuple(SubscriptionRule(**rule) for rule in told["rules"]),
        comment=told["comment"],
        lifetime_days=told["lifetime_days"],
        priority=told["priority"],
    )


def make(operation: Operation) -> operations.Outcome:
    """Bring one change to Rucio; a worker that was killed finds what it did."""
    change = SubscriptionChange.objects.select_related("user").get(pk=operation.subject)
    if change.state != ActionState.WAITING:
        return Done()
    credential, backend = credential_for(change.user, SERVICE), get_backend()
    if change.verb == SubscriptionVerb.CREATE:
        change.subscription = UUID(_made(credential, change))
    elif change.verb == SubscriptionVerb.EDIT:
        wish = wish_of(change.wish)
        backend.update_subscription(credential, change.account, change.name, wish)
    else:
        backend.retire_subscription(credential, change.account, change.name)
    _finish(change, ActionState.DONE)
    return Done()


def _made(credential: Credential, change: SubscriptionChange) -> str:
    backend, wish = get_backend(), wish_of(change.wish)
    same = [
        each
        for each in backend.list_subscriptions(credential, change.account)
        if each.name == change.name
    ]
    if same and (same[0].filter, same[0].rules) == (wish.filter, wish.rules):
        return same[0].id
    return backend.add_subscription(credential, change.account, change.name, wish)


def failed(operation: Operation, error: PortalError) -> None:
    """Record why a change did not come to Rucio."""
    change = SubscriptionChange.objects.get(pk=operation.subject)
    change.reason = error.message
    _finish(change, ActionState.FAILED)


@transaction.atomic
def _finish(change: SubscriptionChange, state: ActionState) -> None:
    change.state, change.finished_at = state, timezone.now()
    change.save(update_fields=["state", "reason", "subscription", "finished_at"])
    done = state == ActionState.DONE
    texts = {
        SubscriptionVerb.CREATE: _("Made the subscription %(name)s"),
        SubscriptionVerb.EDIT: _("Changed the subscription %(name)s"),
        SubscriptionVerb.RETIRE: _("Retired the subscription %(name)s"),
    }
    text = texts[SubscriptionVerb(change.verb)] if done else _("Not done: %(name)s: %(reason)s")
    record(
        user_id=change.user_id,
        verb=f"{TOPIC}.{change.verb}",
        subject=(TOPIC, change.subscription.hex if change.subscription else change.name),
        text=text % {"name": change.name, "reason": change.reason},
        level="ok" if done else "error",
        url=_address(change),
    )


def _address(change: SubscriptionChange) -> str:
    if change.subscription is None:
        return reverse("data_mgmt:subscriptions")
    return reverse("data_mgmt:subscription", kwargs={"pk": change.subscription})
