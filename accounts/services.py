"""What can be done with people: sign in, accept the terms, provision, sign out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import credentials, provisioning
from accounts.groups import groups_of, roles_of
from accounts.handles import handle_for
from accounts.models import Acceptance, BackendAccount, Identity, User
from accounts.providers import Provider, Tokens
from vre_portal.config import get_config
from vre_portal.errors import NotFound


@transaction.atomic
def sign_in(provider: Provider, claims: Mapping[str, Any], tokens: Tokens) -> User:
    """Return the user of a verified sign-in, made at the first; the tokens go to the vault."""
    subject = str(claims["sub"])
    found = Identity.objects.select_related("user").filter(issuer=provider.issuer, subject=subject)
    identity = found.first() or _new_identity(provider, subject, claims)
    user = identity.user
    identity.display_name = _text(claims, "name") or _text(claims, "preferred_username")
    identity.email = _text(claims, "email")
    identity.groups = groups_of(provider, claims)
    identity.last_sign_in = timezone.now()
    identity.save()
    user.display_name = identity.display_name or user.handle
    user.email = identity.email
    user.groups, user.roles = identity.groups, roles_of(provider, identity.groups)
    user.last_login = timezone.now()
    user.save()
    credentials.store_grant(identity, tokens)
    if has_accepted_terms(user):
        provisioning.ensure(user)
    return user


def _new_identity(provider: Provider, subject: str, claims: Mapping[str, Any]) -> Identity:
    preferred = _text(claims, "preferred_username") or _text(claims, "name")
    user = User.objects.create_user(handle_for(provider.issuer, subject, preferred))
    return Identity.objects.create(
        user=user, provider=provider.slug, issuer=provider.issuer, subject=subject
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # PostgreSQL holds no NUL; hostile names are cut, not refused.
    return value.replace("\x00", "")[:200] if isinstance(value, str) else ""


def has_accepted_terms(user: User) -> bool:
    """Whether the user accepted the terms in force."""
    return user.acceptances.filter(version=get_config().terms_version).exists()


@transaction.atomic
def accept_terms(user: User) -> None:
    """Record that the user accepts the terms in force, and start making their accounts."""
    Acceptance.objects.get_or_create(user=user, version=get_config().terms_version)
    provisioning.ensure(user)


def checklist(user: User) -> list[BackendAccount]:
    """Return the user's account in each backend with its state."""
    rows = {row.service: row for row in user.backend_accounts.all()}
    return [rows[service] for service in provisioning.services() if service in rows]


def repair(user: User, service: str) -> BackendAccount:
    """Make or check the user's account in a backend once more."""
    row = user.backend_accounts.filter(service=service).first()
    if row is None:
        raise NotFound("You have no account of this kind.")
    provisioning.begin(row)
    return row
