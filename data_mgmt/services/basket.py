"""The basket: DIDs picked anywhere, to be copied or exported together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, DidInfo, DidType, get_backend
from data_mgmt.models import BasketItem
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.kept import checked
from vre_portal.budget import Budget
from vre_portal.errors import InvalidRequest, NotFound, QuotaExceeded

MOST = 500
#: So many a session opens at once.
OPENED = 20
#: How long an emptied basket can be filled again.
UNDO = timedelta(hours=1)
#: So many collections without a size in the list are asked for it one by one.
COUNTED = 50


@dataclass(frozen=True, slots=True)
class Added:
    """What became of picked DIDs: how many are new, were there already, and do not exist."""

    new: int
    known: int
    missing: tuple[Did, ...]


def contents(user: User) -> QuerySet[BasketItem]:
    """Return what is in the user's basket, the newest first."""
    return BasketItem.objects.visible_to(user).filter(emptied_at=None)


def add(user: User, dids: Iterable[Did]) -> Added:
    """Put DIDs into the basket, with what Rucio knows of their size now.

    Raises
    ------
    InvalidRequest
        Nothing was picked.
    NotFound
        None of them exists.
    QuotaExceeded
        The basket would hold too many; nothing is put in.
    """
    wanted = list(dict.fromkeys(checked(did) for did in dids))
    if not wanted:
        raise InvalidRequest(_("Pick something first."), field="dids")
    _check_room(len(wanted), 0)
    found = told_of(user, wanted)
    if not found:
        raise NotFound(
            _("There is no such file, dataset or container: %(did)s.") % {"did": wanted[0]},
            service=SERVICE,
        )
    known = {info.did for info in found}
    missing = tuple(did for did in wanted if did not in known)
    new = _put(user, found)
    return Added(new, len(found) - new, missing)


@transaction.atomic
def _put(user: User, found: Sequence[DidInfo]) -> int:
    # Two clicks at once must not pass the limit together.
    User.objects.select_for_update().get(pk=user.pk)
    there = {item.did for item in contents(user)}
    new = [info for info in found if info.did not in there]
    _check_room(len(new), len(there))
    names = {info.did for info in new}
    emptied = BasketItem.objects.visible_to(user).exclude(emptied_at=None)
    emptied.filter(pk__in=[item.pk for item in emptied if item.did in names]).delete()
    BasketItem.objects.bulk_create(
        BasketItem(
            user=user,
            did_scope=info.did.scope,
            did_name=info.did.name,
            did_type=info.type,
            bytes=info.bytes,
            files=1 if info.type is DidType.FILE else info.files,
        )
        for info in new
    )
    return len(new)


def told_of(user: User, wanted: Sequence[Did]) -> list[DidInfo]:
    """Return those of the DIDs that exist; open collections are counted as time allows."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    found = budget.ask(lambda: [*backend.get_dids(credential, wanted)]).get()
    uncounted = [info.did for info in found if info.bytes is None][:COUNTED]
    asked = {
        did: budget.ask(lambda did=did: backend.get_did(credential, did))  # type: ignore[misc]
        for did in uncounted
    }
    counted = {did: answer.get_or(None) for did, answer in asked.items()}
    return [counted.get(info.did) or info for info in found]


def _check_room(new: int, there: int) -> None:
    if there + new > MOST:
        raise QuotaExceeded(
            _(
                "The basket holds at most %(most)d; it has %(there)d, and %(new)d more do not fit. "
                "Remove some, or pick fewer."
            )
            % {"most": MOST, "there": there, "new": new},
            need=new,
            limit=MOST,
            used=there,
        )


def remove(user: User, dids: Iterable[Did]) -> int:
    """Take DIDs out of the basket; return how many were in it."""
    unwanted = set(dids)
    keys = [item.pk for item in contents(user) if item.did in unwanted]
    return contents(user).filter(pk__in=keys).delete()[0]


@transaction.atomic
def empty(user: User) -> int:
    """Take everything out of the basket; for a while `restore` puts it back."""
    now = timezone.now()
    BasketItem.objects.visible_to(user).exclude(emptied_at=None).delete()
    return contents(user).update(emptied_at=now)


def emptied(user: User) -> QuerySet[BasketItem]:
    """Return what `restore` would put back."""
    return BasketItem.objects.visible_to(user).filter(emptied_at__gte=timezone.now() - UNDO)


@transaction.atomic
def restore(user: User) -> int:
    """Put back what was in the basket before it was emptied.

    Raises
    ------
    QuotaExceeded
        The basket would hold too many.
    """
    User.objects.select_for_update().get(pk=user.pk)
    _check_room(emptied(user).count(), contents(user).count())
    return emptied(user).update(emptied_at=None)
