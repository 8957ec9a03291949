"""A copy of a file is declared bad, so that Rucio makes it anew from another."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Role, User
from data_mgmt.backends import Did
from data_mgmt.models_groups import ChangeKind, CollectionChange
from data_mgmt.services import acting, catalogue
from data_mgmt.services.collecting import begin
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

AVAILABLE, BAD = "available", "bad"
MAX_REASON = 250


def may_declare(user: User) -> bool:
    """Whether somebody may declare copies bad: Rucio's policy asks for the account only."""
    return Role.DATA_MANAGER in user.roles


def declare_bad(
    user: User, file: Did, *, storage: str, reason: str, may_lose: bool = False
) -> CollectionChange:
    """Have a copy declared bad; of the only good one, `may_lose` says that the file may be lost.

    Raises
    ------
    Forbidden
        They are no data manager.
    NotFound
        There is no such file, or no copy of it there.
    InvalidRequest
        A reason is missing, or it is the last good copy; `field` names it.
    Conflict
        It was declared bad already.
    """
    if not may_declare(user):
        raise Forbidden(_("Data managers declare copies bad. Tell them what is wrong with it."))
    why = " ".join(reason.split())
    if not 1 <= len(why) <= MAX_REASON:
        words = _("Say in at most %(most)d characters what is wrong with the copy.")
        raise InvalidRequest(words % {"most": MAX_REASON}, field="reason")
    found = catalogue.ask(user, lambda backend, who: backend.list_replicas(who, file, limit=2))
    if len(found) != 1 or found[0].file.did != file:
        raise InvalidRequest(_("Only a copy of a file can be declared bad."), field="did")
    states = {copy.storage: copy.state for copy in found[0].copies}
    if storage not in states:
        words = _("There is no copy of %(did)s at %(storage)s.")
        raise NotFound(words % {"did": file, "storage": storage}, service=catalogue.SERVICE)
    if states[storage] == BAD:
        raise Conflict(_("This copy was declared bad already; Rucio is about to replace it."))
    others = [name for name, state in states.items() if state == AVAILABLE and name != storage]
    if not others and not may_lose:
        words = _(
            "It is the only good copy that Rucio knows: the file would be lost, and be taken out of"
            " its datasets. Say that it may."
        )
        raise InvalidRequest(words, field="may_lose")
    wish = {"storage": storage, "reason": why}
    return begin(user, file, ChangeKind.BAD, acting.own_account(user), wish=wish)


def storages_of(user: User, file: Did) -> list[str]:
    """Return the storages that have a copy of a file, in any state."""
    found = catalogue.ask(user, lambda backend, who: backend.list_replicas(who, file, limit=1))
    return sorted(copy.storage for each in found for copy in each.copies)
