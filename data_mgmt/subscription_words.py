"""What a subscription does, in words."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
)
from data_mgmt.models_approvals import ActionState, SubscriptionChange, SubscriptionVerb
from data_mgmt.services.patterns import as_text
from data_mgmt.services.subscriptions import DAY
from data_mgmt.words import listed


def sentence(found: Subscription) -> str:
    """Return what a subscription does."""
    return _("Whenever a new %(what)s appears%(where)s, it is copied to %(places)s.") % {
        "what": _what(found.filter),
        "where": _where(found.filter),
        "places": listed([_place(rule) for rule in found.rules]) or _("no storage"),
    }


def _what(wanted: SubscriptionFilter) -> str:
    kinds = {"dataset": _("dataset"), "container": _("container"), "file": _("file")}
    types = [kinds.get(kind, kind) for kind in wanted.types] or [_("dataset"), _("container")]
    parts = [_either(types)]
    if wanted.pattern:
        parts.append(_("named %(name)s") % {"name": as_text(wanted.pattern)})
    if wanted.excluded_pattern:
        parts.append(_("but not %(name)s") % {"name": as_text(wanted.excluded_pattern)})
    told = [f"{key}={_either(map(as_text, values))}" for key, values in wanted.metadata.items()]
    if told:
        parts.append(_("with %(metadata)s") % {"metadata": listed(told)})
    if wanted.accounts:
        parts.append(_("of %(accounts)s") % {"accounts": _either(wanted.accounts)})
    return " ".join(parts)


def _where(wanted: SubscriptionFilter) -> str:
    if not wanted.scopes:
        return _(" in any scope")
    return _(" in scope %(scopes)s") % {"scopes": _either(map(as_text, wanted.scopes))}


def _place(rule: SubscriptionRule) -> str:
    if rule.copies == 0:
        text = _("each of %(storage)s") % {"storage": rule.storage}
    elif rule.copies == 1:
        text = rule.storage
    else:
        text = _("%(n)d of %(storage)s") % {"n": rule.copies, "storage": rule.storage}
    if not rule.lifetime_seconds:
        return text
    days = max(1, rule.lifetime_seconds // DAY)
    words = ngettext("%(place)s for %(n)d day", "%(place)s for %(n)d days", days)
    return words % {"place": text, "n": days}


def _either(names: Iterable[str]) -> str:
    told = list(names)
    if len(told) < 2:
        return "".join(told)
    return _("%(some)s or %(last)s") % {"some": ", ".join(told[:-1]), "last": told[-1]}


def state(found: Subscription) -> tuple[str, str]:
    """Return the word and the tone for where a subscription stands."""
    return {
        SubscriptionState.ACTIVE: (_("active"), "ok"),
        SubscriptionState.RETIRED: (_("retired"), "idle"),
        SubscriptionState.BROKEN: (_("not working"), "bad"),
    }[found.state]


def change(row: SubscriptionChange) -> str:
    """Return a change in a sentence."""
    texts = {
        SubscriptionVerb.CREATE: _("%(name)s is being made."),
        SubscriptionVerb.EDIT: _("%(name)s is being changed."),
        SubscriptionVerb.RETIRE: _("%(name)s is being retired."),
    }
    if row.state == ActionState.FAILED:
        return row.reason
    return texts[SubscriptionVerb(row.verb)] % {"name": row.name}
