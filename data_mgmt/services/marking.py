"""Embargoes set and lifted: metadata of a DID, written by whoever may describe it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.models_metadata import MetadataEdit
from data_mgmt.services import catalogue, describing
from data_mgmt.services.describing import Change
from data_mgmt.services.embargo import Mark, mark_of
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest

LONGEST = timedelta(days=366 * 20)


def own_mark(user: User, did: Did) -> Mark | None:
    """Return the embargo that is written on a DID itself."""
    return mark_of(did, "", catalogue.ask(user, lambda backend, who: backend.metadata(who, did)))


def set_embargo(
    user: User,
    did: Did,
    *,
    group: str,
    until: date,
    sure: bool = False,
    now: datetime | None = None,
) -> MetadataEdit | None:
    """Keep the contents of a DID for a group of the user's until the end of a day (UTC).

    Raises
    ------
    InvalidRequest
        The group is none of theirs, the day is over or too far, or an embargo would end earlier or
        for others and `sure` does not say so; `field` names it.
    NotFound, Forbidden, Conflict
        There is no such DID, it is not theirs to describe, or is being described.
    """
    today = (now or timezone.now()).astimezone(UTC).date()
    if group not in user.groups:
        words = _("Choose one of your own groups: you would lock yourself out.")
        raise InvalidRequest(words, field="group")
    if not today <= until <= today + LONGEST:
        words = _("Give a day from today to 20 years from now.")
        raise InvalidRequest(words, field="until")
    before = own_mark(user, did)
    holds = before is not None and before.holds(today)
    if before and holds and not sure and _opens(before, group, until):
        words = _("That ends the embargo earlier, or opens it to others. Say that you mean it.")
        raise InvalidRequest(words, field="sure")
    return _write(user, did, until.isoformat(), group)


def lift_embargo(user: User, did: Did, *, sure: bool = False) -> MetadataEdit | None:
    """Open what is under an embargo before its time.

    Raises
    ------
    InvalidRequest
        `sure` does not say that it is meant.
    Conflict
        No embargo is written on this DID.
    """
    if own_mark(user, did) is None:
        raise Conflict(_("No embargo is written on %(did)s itself.") % {"did": did})
    if not sure:
        words = _("Everybody could read it at once. Say that you mean it.")
        raise InvalidRequest(words, field="sure")
    return _write(user, did, None, None)


def _opens(before: Mark, group: str, until: date) -> bool:
    earlier = before.until is None or until < before.until
    return earlier or group not in before.groups


def _write(user: User, did: Did, until: str | None, group: str | None) -> MetadataEdit | None:
    config = get_config()
    known = catalogue.ask(user, lambda backend, who: backend.metadata(who, did))
    wanted = {config.embargo_until_key: until, config.embargo_group_key: group}
    changes = [
        Change(key, value, compares=False)
        for key, value in wanted.items()
        if value is not None or key in known
    ]
    return describing.change_metadata(user, did, changes)
