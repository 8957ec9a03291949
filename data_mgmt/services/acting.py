"""As whom a person may act: as themselves, and as the groups that have an account in Rucio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import BackendAccount, User
from data_mgmt.backends import get_backend
from data_mgmt.models_groups import group_accounts
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget, Pending
from vre_portal.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Actor:
    """An account of Rucio as which somebody acts; `group` is empty for their own."""

    account: str
    group: str = ""

    @property
    def scope(self) -> str:
        """The scope that such an account is made with."""
        return f"{'group' if self.group else 'user'}.{self.account}"

    @property
    def name(self) -> str:
        """The account in words."""
        return _("group %(group)s") % {"group": self.group} if self.group else _("yourself")


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope in which somebody may make DIDs, and as whom they make them there."""

    name: str
    account: str
    group: str = ""


def own_account(user: User) -> str:
    """Return the name of the user's own account."""
    rows = BackendAccount.objects.filter(user=user, service=SERVICE).exclude(account="")
    return rows.values_list("account", flat=True).first() or user.handle


def actors(user: User) -> tuple[Actor, ...]:
    """Return as whom the user may act: themselves first, then their groups.

    Rucio has the last word: its own policy reads what the portal told it of memberships.
    """
    return (
        Actor(own_account(user)),
        *(Actor(account, group) for account, group in group_accounts(user).items()),
    )


def accounts_of(user: User) -> frozenset[str]:
    """Return the accounts for which the user may act."""
    return frozenset(actor.account for actor in actors(user))


def actor_of(user: User, account: str) -> Actor:
    """Return as whom somebody wants to act; empty is as themselves.

    Raises
    ------
    InvalidRequest
        They may not act as this account; `field` is ``account``.
    """
    mine = actors(user)
    if not account:
        return mine[0]
    for actor in mine:
        if actor.account == account:
            return actor
    words = _("You can't act as %(account)s: you are not in its group, or not any more.")
    raise InvalidRequest(words % {"account": account}, field="account")


def writable_scopes(user: User) -> tuple[Scope, ...]:
    """Return where the user may make DIDs, their own scope first.

    Without an answer of Rucio these are the scopes that accounts are made with.
    """
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)

    def ask(account: str) -> Pending[tuple[str, ...]]:
        return budget.ask(lambda: backend.scopes_of(credential, account))

    asked = [(actor, ask(actor.account)) for actor in actors(user)]
    return tuple(
        Scope(name, actor.account, actor.group)
        for actor, answer in asked
        # The one that the account is made with leads: it is what a form offers first.
        for name in _led_by(actor.scope, answer.get_or((actor.scope,)))
    )


def _led_by(first: str, names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: (name != first, name))


def scope_of(user: User, name: str) -> Scope:
    """Return one of the user's scopes.

    Raises
    ------
    InvalidRequest
        It is none of theirs; `field` is ``scope``.
    """
    for scope in writable_scopes(user):
        if scope.name == name:
            return scope
    words = _("%(scope)s is not a scope of yours: choose one of the list.")
    raise InvalidRequest(words % {"scope": name}, field="scope")
