"""Why a rule is stuck, in words: what it says itself, and what its files' errors say."""

from __future__ import annotations

import re
from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.credentials import Credential
from data_mgmt.backends import FileFault, Rule, RuleState, get_backend
from vre_portal.errors import PortalError

#: Rucio looks at the files of a rule one by one: with more than these it takes too long.
EXAMINED_FILES = 200
_PLACE = re.compile(r" at (\S+)$")
#: How systems number what they say.
_NUMBER = re.compile(r"^\[Errno \d+\] ")


def stuck_reason(credential: Credential, rule: Rule) -> str:
    """Return why a rule does not go on: what it says itself, else what most of its files say."""
    if rule.state is RuleState.SUSPENDED:
        return _("Rucio has suspended its rule; a data manager can let it go on")
    said = rule.error or _commonest_fault(credential, rule) or _("Rucio gives no reason")
    return _counted(rule, said) if rule.locks_stuck else said


def plain_reason(rule: Rule) -> str:
    """Return what a rule says itself of why it does not go on."""
    said = rule.error or _("Rucio is being asked why")
    return _counted(rule, said) if rule.locks_stuck else said


def in_words(said: str) -> str:
    """Return what Rucio says; a missing source, told in the words of a system, in plain ones."""
    place = _PLACE.search(said)
    if "No such file" not in said or place is None:
        return said
    words = _("the source file is missing at %(storage)s: %(said)s")
    return words % {"storage": place[1], "said": _NUMBER.sub("", said[: place.start()])}


def _counted(rule: Rule, said: str) -> str:
    said = in_words(said)
    return ngettext(
        "%(count)d of %(total)d files does not arrive: %(reason)s",
        "%(count)d of %(total)d files do not arrive: %(reason)s",
        rule.locks_stuck,
    ) % {"count": rule.locks_stuck, "total": rule.locks_total, "reason": said}


def _commonest_fault(credential: Credential, rule: Rule) -> str:
    if rule.locks_stuck > EXAMINED_FILES:
        return ""
    try:
        faults = get_backend().faults(credential, rule.id)
    except PortalError:
        return ""
    reasons = Counter(_said(fault) for fault in faults if fault.reason)
    return reasons.most_common(1)[0][0] if reasons else ""


def _said(fault: FileFault) -> str:
    if not fault.source or fault.source in fault.reason:
        return fault.reason
    return _("%(reason)s at %(storage)s") % {"reason": fault.reason, "storage": fault.source}
