"""Collections made and changed: what is asked for, checked, and begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from activity.services import record
from data_mgmt.backends import Did, DidInfo, DidType, Value
from data_mgmt.models_groups import ChangeKind, CollectionChange, CollectionItem
from data_mgmt.services import acting, catalogue
from data_mgmt.services.collecting_words import asked_words, url_of
from data_mgmt.services.kept import checked
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

CHANGE = "data.change-collection"
TOPIC = "collection-change"
#: The most DIDs of one list.
MOST = 10_000
MAX_REASON = 250
MIN_NAME = 2


def find(user: User, change_id: UUID | str) -> CollectionChange:
    """Return a change that the user may see, or raise `NotFound`."""
    try:
        return CollectionChange.objects.visible_to(user).select_related("user").get(pk=change_id)
    except (CollectionChange.DoesNotExist, ValidationError) as exc:
        raise NotFound(_("There is no such change.")) from exc


def make(
    user: User,
    did: Did,
    type: DidType,
    *,
    children: Sequence[Did] = (),
    metadata: Mapping[str, Value] | None = None,
) -> CollectionChange:
    """Have a dataset or container made in a scope of one's own or of a group, and filled.

    Raises
    ------
    InvalidRequest
        The name, the scope, the type, a key or the list can't be used; `field` names it.
    Conflict
        There is a DID of that name.
    """
    if not type.is_collection:
        raise InvalidRequest(_("A file is made by an upload."), field="type")
    scope = acting.scope_of(user, did.scope)
    _check_name(did)
    listed = _listed(children)
    catalogue.ask(user, lambda backend, who: backend.check_metadata(who, did, dict(metadata or {})))
    if catalogue.ask(user, lambda backend, who: [*backend.get_dids(who, [did])]):
        raise Conflict(_("%(did)s exists already. Choose another name.") % {"did": did})
    wish = {"type": type.value, "metadata": dict(metadata or {})}
    return begin(user, did, ChangeKind.MAKE, scope.account, wish=wish, children=listed)


def attach(user: User, did: Did, children: Sequence[Did]) -> CollectionChange:
    """Have DIDs put into an open collection; each one that does not fit is told.

    Raises
    ------
    NotFound, Forbidden
        There is no such collection, or it is not theirs to change.
    Conflict
        It is closed.
    InvalidRequest
        The list is empty or too long; `field` is ``dids``.
    """
    listed = _listed(children, least=1)
    info = _own_collection(user, did)
    if not info.is_open:
        raise Conflict(_("%(did)s is closed: nothing can be put into it.") % {"did": did})
    return begin(user, did, ChangeKind.ATTACH, _account(user, did), children=listed)


def detach(user: User, did: Did, children: Sequence[Did]) -> CollectionChange:
    """Have DIDs taken out of a collection; raises what `attach` raises, but not of a closed one."""
    listed = _listed(children, least=1)
    _own_collection(user, did)
    return begin(user, did, ChangeKind.DETACH, _account(user, did), children=listed)


def set_open(user: User, did: Did, *, is_open: bool) -> CollectionChange:
    """Have a collection closed, or opened again where Rucio lets one.

    Raises
    ------
    NotFound, Forbidden
        There is no such collection, or it is not theirs to change.
    Conflict
        It is so already.
    """
    info = _own_collection(user, did)
    if info.is_open is is_open:
        words = _("%(did)s is open.") if is_open else _("%(did)s is closed already.")
        raise Conflict(words % {"did": did})
    kind = ChangeKind.REOPEN if is_open else ChangeKind.CLOSE
    return begin(user, did, kind, _account(user, did))


def erase(user: User, did: Did, *, typed: str) -> CollectionChange:
    """Have a collection erased after the site's time of grace, by its name typed once more.

    Raises
    ------
    NotFound, Forbidden
        There is no such collection, or it is not theirs.
    InvalidRequest
        What was typed is not its name; `field` is ``typed``.
    Conflict
        It is being erased already.
    """
    info = _own_collection(user, did)
    if typed.strip() not in {did.name, str(did)}:
        words = _("Type the name %(name)s to erase it.") % {"name": did.name}
        raise InvalidRequest(words, field="typed")
    if info.expires_at is not None:
        raise Conflict(_("%(did)s is being erased already.") % {"did": did})
    ends = timezone.now() + timedelta(hours=get_config().erase_grace_hours)
    wish = {"ends": ends.isoformat()}
    return begin(user, did, ChangeKind.ERASE, _account(user, did), wish=wish)


def keep(user: User, did: Did) -> CollectionChange:
    """Take back that a collection is to be erased.

    Raises
    ------
    NotFound, Forbidden
        It is gone, or not theirs.
    Conflict
        It has no end.
    """
    info = _own_collection(user, did)
    if info.expires_at is None:
        raise Conflict(_("%(did)s is not being erased.") % {"did": did})
    return begin(user, did, ChangeKind.KEEP, _account(user, did))


def may_change(user: User, did: Did) -> bool:
    """Return whether the user, or a group for which they act, owns the scope of a DID.

    Raises
    ------
    UpstreamUnavailable, UpstreamTimeout
        Rucio does not tell.
    """
    return bool(catalogue.ask(user, lambda backend, who: backend.may_describe(who, did)))


def _own_collection(user: User, did: Did) -> DidInfo:
    info: DidInfo = catalogue.ask(user, lambda backend, who: backend.get_did(who, did))
    if not info.type.is_collection:
        raise InvalidRequest(_("%(did)s is a file, not a collection.") % {"did": did}, field="did")
    if not may_change(user, did):
        words = _("Only the owner of the scope %(scope)s may change what is in it.")
        raise Forbidden(words % {"scope": did.scope}, service=catalogue.SERVICE)
    return info


def _account(user: User, did: Did) -> str:
    """Return as whom somebody changes a DID: as the owner of its scope, if they act for it."""
    for scope in acting.writable_scopes(user):
        if scope.name == did.scope:
            return scope.account
    return acting.own_account(user)


def _check_name(did: Did) -> None:
    checked(did)
    odd = any(sign.isspace() or not sign.isprintable() for sign in did.name)
    if len(did.name) < MIN_NAME or odd:
        words = _("Choose a name of at least two signs, without spaces.")
        raise InvalidRequest(words, field="name")


def _listed(children: Sequence[Did], *, least: int = 0) -> list[Did]:
    listed = list(dict.fromkeys(checked(did) for did in children))
    if len(listed) < least:
        raise InvalidRequest(_("Name at least one DID."), field="dids")
    if len(listed) > MOST:
        words = _("Give at most %(most)d DIDs at once; here are %(here)d.")
        raise InvalidRequest(words % {"most": MOST, "here": len(listed)}, field="dids")
    return listed


@transaction.atomic
def begin(
    user: User,
    did: Did,
    kind: ChangeKind,
    account: str,
    *,
    wish: Mapping[str, Any] | None = None,
    children: Sequence[Did] = (),
) -> CollectionChange:
    """Write a change and begin to make it true."""
    change = CollectionChange.objects.create(
        user=user,
        account=account,
        kind=kind,
        did_scope=did.scope,
        did_name=did.name,
        wish=dict(wish or {}),
        total=len(children),
    )
    CollectionItem.objects.bulk_create(
        (
            CollectionItem(change=change, did_scope=child.scope, did_name=child.name)
            for child in children
        ),
        batch_size=1000,
    )
    operations.begin(CHANGE, subject=change.pk, user_id=user.pk)
    detail = {"did": str(did), "as": account, "dids": len(children)}
    audit.record(f"collection.{kind.value}", actor=user, about=(TOPIC, change.pk), detail=detail)
    record(
        user_id=user.pk,
        verb=f"{TOPIC}.asked",
        subject=(TOPIC, change.pk),
        text=asked_words(change),
        url=url_of(change),
    )
    return change
