"""What can be done with people: sign in, renew what is known of them, accept the terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, gate, grants, providers, provisioning
from accounts.groups import entitlements_of, groups_of, text_of, values_of
from accounts.handles import handles_for
from accounts.id_tokens import Proven
from accounts.missing import check_required
from accounts.models import Acceptance, BackendAccount, Identity, User
from accounts.providers import Provider
from accounts.roles import roles_of
from vre_portal.config import get_config
from vre_portal.errors import Conflict, NotFound
from vre_portal.live import close_sockets_of

MAX_ASSURANCE = 200


@transaction.atomic
def sign_in(proven: Proven, *, hint: str = "") -> Identity:
    """Return the identity of a verified sign-in, with a new account at the first.

    Raises
    ------
    AttributesMissing
        The provider does not tell something that the site requires.
    """
    check_required(proven, hint=hint)
    identity = _identity_of(proven) or _new_identity(proven)
    user = identity.user
    if not user.is_active:
        raise gate.Suspended
    renew(identity, proven)
    user.display_name = identity.display_name or user.handle
    user.email = identity.email
    user.last_login = timezone.now()
    user.save(update_fields=["display_name", "email", "last_login"])
    if gate.refusal(user) is None:
        provisioning.ensure(user)
    return identity


def renew(identity: Identity, proven: Proven) -> None:
    """Take over what a new sign-in of an identity says, and keep its tokens."""
    identity.provider = proven.provider.slug
    identity.acr = proven.acr
    identity.last_sign_in = timezone.now()
    identity.lapsed_at = None
    identity.save(update_fields=["provider", "acr", "last_sign_in", "lapsed_at"])
    claims_renewed(identity, proven.claims)
    grants.store_grant(identity, proven.tokens)


def _identity_of(proven: Proven) -> Identity | None:
    key = {"issuer": proven.provider.issuer, "subject": proven.subject}
    return Identity.objects.select_related("user").filter(**key).first()


def _new_identity(proven: Proven) -> Identity:
    provider = proven.provider
    user = _new_user(provider, proven)
    identity = Identity.objects.create(
        user=user, provider=provider.slug, issuer=provider.issuer, subject=proven.subject
    )
    audit.record("account.made", actor=user, identity=identity, about=("account", user.handle))
    return identity


def _new_user(provider: Provider, proven: Proven) -> User:
    names = (*provider.claims.preferred_username, *provider.claims.name)
    preferred = text_of(proven.claims, names)
    for handle in handles_for(provider.issuer, proven.subject, preferred):
        try:
            with transaction.atomic():
                return User.objects.create_user(handle)
        except IntegrityError:
            continue
    raise Conflict("No name in the services is free for you. Tell the operators.")


def claims_renewed(identity: Identity, claims: Mapping[str, Any]) -> None:
    """Take over what a provider says of an identity now; roles follow at once."""
    provider = providers.registry().get(identity.provider)
    if provider is None:
        return
    named = provider.claims
    identity.display_name = text_of(claims, named.name)
    identity.email = _email(text_of(claims, named.email, limit=254))
    identity.email_verified = bool(identity.email) and _is_verified(claims, identity.email)
    identity.institution = text_of(claims, named.institution)
    identity.groups = groups_of(provider, claims)
    identity.entitlements = entitlements_of(provider, claims)
    assurance = {value[:MAX_ASSURANCE] for value in values_of(claims, named.assurance)}
    identity.assurance = sorted(assurance)
    identity.save()
    roles_renewed(identity.user)


def named(proven: Proven) -> tuple[str, str]:
    """Return the name and the e-mail address that a sign-in tells."""
    known = proven.provider.claims
    email = _email(text_of(proven.claims, known.email, limit=254))
    return text_of(proven.claims, known.name), email


def _email(told: str) -> str:
    return told if "@" in told and told.isprintable() else ""


def _is_verified(claims: Mapping[str, Any], email: str) -> bool:
    """Whether the provider says that it has tried this very address (OpenID Connect Core, 5.1)."""
    told = claims.get("email_verified")
    is_tried = (told is True or told == "true") and claims.get("email") == email
    return is_tried or email in values_of(claims, ("voperson_verified_email",))


def roles_renewed(user: User) -> None:
    """Give a person the groups and roles of all identities for which a provider still vouches."""
    groups: set[str] = set()
    roles: set[str] = set()
    for identity in user.identities.filter(lapsed_at=None):
        provider = providers.registry().get(identity.provider)
        identity.roles = roles_of(provider, identity) if provider else []
        identity.save(update_fields=["roles"])
        groups |= set(identity.groups if provider else ())
        roles |= set(identity.roles)
    if sorted(roles) != sorted(user.roles):
        detail = {"before": sorted(user.roles), "after": sorted(roles)}
        audit.record("roles.changed", actor=user, about=("account", user.handle), detail=detail)
        if set(user.roles) - roles:
            transaction.on_commit(lambda: close_sockets_of(user.pk))
    before = (user.groups, user.roles)
    user.groups, user.roles = sorted(groups), sorted(roles)
    user.save(update_fields=["groups", "roles"])
    if before != (user.groups, user.roles):
        provisioning.regrouped(user)


@transaction.atomic
def forget_removed_providers() -> None:
    """Take from everybody the roles and groups of providers that the site took away."""
    known = list(providers.registry())
    gone = Identity.objects.filter(lapsed_at=None).exclude(provider__in=known).exclude(roles=[])
    for user in User.objects.filter(identities__in=gone).distinct():
        roles_renewed(user)


def has_accepted_terms(user: User) -> bool:
    """Whether the user accepted the terms in force."""
    return user.acceptances.filter(version=get_config().terms_version).exists()


@transaction.atomic
def accept_terms(user: User) -> None:
    """Record that the user accepts the terms in force, and start making their accounts."""
    version = get_config().terms_version
    _row, new = Acceptance.objects.get_or_create(user=user, version=version)
    if new:
        audit.record("terms.accepted", actor=user, about=("terms", version))
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
