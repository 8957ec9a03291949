"""Accounts in the backends as the checklist shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts import providers, provisioning
from accounts.models import AccountState, ApiToken, BackendAccount, Identity, Role
from accounts.providers import Provider
from accounts.roles import needs_second_factor
from vre_portal.health import NAMES

ICONS: Mapping[str, str] = {"rucio": "data", "jupyterhub": "sessions", "reana": "runs"}
#: What the badge of a state is called.
WORDS = {AccountState.READY: "done", AccountState.WAITING: "pending"}


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One row of the checklist: `failed` asks for a repair, `settled` allows another check."""

    service: str
    name: str
    icon: str
    word: str
    text: str
    failed: bool
    settled: bool


def shown(rows: Iterable[BackendAccount]) -> list[ShownAccount]:
    """Return the accounts of a person in words."""
    return [
        ShownAccount(
            service=row.service,
            name=NAMES[row.service],
            icon=ICONS[row.service],
            word=WORDS.get(AccountState(row.state), row.state),
            text=_sentence(row),
            failed=row.state == AccountState.FAILED,
            settled=row.state in {AccountState.READY, AccountState.FAILED},
        )
        for row in rows
    ]


def _sentence(row: BackendAccount) -> str:
    if row.state == AccountState.READY:
        return _name_there(row)
    if row.state == AccountState.FAILED:
        return row.problem
    if row.problem:
        return _("%(problem)s The portal keeps trying.") % {"problem": row.problem}
    return _("Being made; this takes a few seconds.")


def _name_there(row: BackendAccount) -> str:
    """Say who one is there, and where it is not the handle, why."""
    names = {"account": row.account, "handle": row.user.handle, "service": NAMES[row.service]}
    if row.account == row.user.handle:
        return _("You are %(account)s there.") % names
    if not provisioning.joins(row.service):
        return _("You are %(account)s there: %(service)s chooses the name itself.") % names
    return (
        _(
            "You are %(account)s there, not %(handle)s: an identity of yours had this account "
            "before, or somebody else has that name."
        )
        % names
    )


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"), ("curl/", "curl"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))  # fmt: skip


def device_of(user_agent: str) -> str:
    """Return a browser and its system in words, as far as it tells them."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def could_be_operator(identities: Iterable[Identity]) -> Provider | None:
    """Return the provider where only a second factor is missing for the role of operator."""
    for identity in identities:
        provider = providers.registry().get(identity.provider)
        if provider is not None and needs_second_factor(provider, identity):
            return provider
    return None


@dataclass(frozen=True, slots=True)
class ShownToken:
    """An API token in a list: what it may do in words, and when it was used."""

    pk: str
    name: str
    hint: str
    scopes: str
    expires_at: datetime
    used_at: datetime | None
    used_from: str | None
    revoked_at: datetime | None


def tokens(rows: Iterable[ApiToken]) -> list[ShownToken]:
    """Return API tokens in words."""
    return [
        ShownToken(
            pk=str(row.pk),
            name=row.name,
            hint=f"{row.hint}…",
            scopes=", ".join(row.scopes),
            expires_at=row.expires_at,
            used_at=row.last_used_at,
            used_from=row.last_used_from,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def groups_that_open(identity: Identity | None) -> list[str]:
    """Return the groups and entitlements of which one would make somebody a member."""
    provider = providers.registry().get(identity.provider) if identity else None
    rules = [rule for rule in provider.roles if rule.role == Role.MEMBER.value] if provider else []
    return [rule.group or rule.entitlement for rule in rules if rule.group or rule.entitlement]
