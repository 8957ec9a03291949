"""Who asks the API: a browser's session, a personal token, or one of the portal's own issuer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.models import get_access_token_model
from rest_framework import permissions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import api_tokens, audit, gate
from accounts.models import Role, TokenScope, User
from vre_portal.errors import Forbidden, SignInRequired
from vre_portal.limits import API, REFUSED
from vre_portal.logs import client_address

SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token allows."""

    scopes: frozenset[str]

    def allows(self, area: str, method: str) -> bool:
        """Whether the token opens an area for a method; `read` reads all but administration."""
        reads = method in SAFE and area != TokenScope.ADMIN and TokenScope.READ in self.scopes
        return reads or area in self.scopes


def bearer_of(header: str) -> str | None:
    """Return the token of an Authorization header; None when it has none of ours."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def authenticated(secret: str) -> tuple[User, Bearer]:
    """Return whose token it is and what it allows.

    Raises
    ------
    SignInRequired
        It opens nothing.
    Forbidden
        Its owner may not act now.
    TooManyRequests
        Too many wrong tokens came from this address, or too many calls with this one.
    """
    try:
        user, scopes = _owner(secret)
    except SignInRequired:
        # Counted afterwards: sessions of many people share an address, and tokens of 256 bits are
        # not found by guessing.
        REFUSED.use(client_address.get())
        audit.token_refused(secret)
        raise
    API.use(user.pk)
    return user, _admitted(user, scopes)


def ask_again(secret: str) -> None:
    """Refuse a token that has ended since; what runs already counts as no further call."""
    _admitted(*_owner(secret))


def _admitted(user: User, scopes: Sequence[str]) -> Bearer:
    refusal = gate.refusal(user)
    if refusal is not None:
        raise refusal
    return Bearer(frozenset(_held(user, scopes)))


def _owner(secret: str) -> tuple[User, Sequence[str]]:
    if secret.startswith(api_tokens.PREFIX):
        token = api_tokens.authenticate(secret)
        return token.user, token.scopes
    found = (
        get_access_token_model()
        .objects.select_related("user")
        .filter(token_checksum=sha256(secret.encode()).hexdigest())
        .first()
    )
    if found is None or found.is_expired() or found.user is None or not found.user.is_active:
        raise SignInRequired("This token is not valid. Make a new one in the portal.")
    return found.user, found.scope.split()


def _held(user: User, scopes: Sequence[str]) -> Sequence[str]:
    """A token opens no more than its owner may do now."""
    operator = Role.OPERATOR.value in user.roles
    return [scope for scope in scopes if operator or scope != TokenScope.ADMIN]


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer ...``; no cookie counts then, so no CSRF token is needed."""

    def authenticate(self, request: Request) -> tuple[User, Bearer] | None:
        """Return the user and the scopes, None without such a header."""
        secret = bearer_of(request.headers.get("Authorization", ""))
        return authenticated(secret) if secret else None

    def authenticate_header(self, request: Request) -> str:
        """Say that a token opens the door: without, DRF would answer 403."""
        return "Bearer"


class MayUse(permissions.IsAuthenticated):
    """Signed-in people, and tokens whose scopes hold the view's `area`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the request may go on; a token without the scope is told which it needs."""
        if not super().has_permission(request, view):
            return False
        if isinstance(request.auth, Bearer):
            check(request.auth, view.area, request.method or "GET")
        return True


def check(bearer: Bearer, area: str, method: str) -> None:
    """Refuse a token that lacks the scope for an area."""
    if not bearer.allows(area, method):
        needed = TokenScope.READ if method in SAFE and area != TokenScope.ADMIN else area
        raise Forbidden(f"This token lacks the scope {needed}. Make one that has it.")


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base
    """Tells the OpenAPI schema of the token."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer"}
