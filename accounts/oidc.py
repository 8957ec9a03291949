"""The relying party: mozilla-django-oidc's views and backend, with every check that they leave out.

Tokens are verified by joserfc; calls to providers are in `accounts.providers`.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from joserfc import jws, jwt
from joserfc.errors import JoseError
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import (
    add_state_and_verifier_and_nonce_to_session,
    generate_code_challenge,
)
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from accounts import providers, services
from accounts.models import User
from accounts.providers import Provider
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, NotFound, PortalError

STATE_SECONDS = 600
CLOCK_SKEW = 60


def callback_url(provider: Provider) -> str:
    """Return the redirect URI of a provider."""
    return f"{get_config().public_url}/accounts/callback/{provider.slug}/"


def last_provider_cookie() -> str:
    """Return the name of the cookie that remembers the way used last on a device."""
    return f"vre_last_provider{get_config().cookie_suffix}"


def safe_next(request: HttpRequest, wanted: str | None) -> str:
    """Return where to go after signing in: a path of this portal only."""
    if wanted and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, request.is_secure()
    ):
        return wanted
    return "/"


class StartView(OIDCAuthenticationRequestView):  # type: ignore[misc]  # untyped base
    """Sends the browser to a provider: code flow with PKCE S256, state and nonce."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Remember what this sign-in is for inside its state, and redirect."""
        provider = providers.registry().get(slug)
        if provider is None:
            raise NotFound("There is no such way to sign in.")
        state, nonce = get_random_string(32), get_random_string(32)
        verifier = secrets.token_urlsafe(48)
        params = {
            "response_type": "code",
            "scope": " ".join(provider.scopes),
            "client_id": provider.client_id,
            "redirect_uri": callback_url(provider),
            "state": state,
            "nonce": nonce,
            "code_challenge": generate_code_challenge(verifier, "S256"),
            "code_challenge_method": "S256",
        }
        idp = request.POST.get("idp")
        if idp and provider.hint_parameter:
            params[provider.hint_parameter] = idp
        endpoint = providers.metadata(provider)["authorization_endpoint"]
        add_state_and_verifier_and_nonce_to_session(request, state, params, verifier)
        entry = request.session["oidc_states"][state]
        entry["provider"] = slug
        entry["next"] = safe_next(request, request.POST.get("next"))
        request.session.modified = True
        separator = "&" if "?" in endpoint else "?"
        answer = HttpResponseRedirect(f"{endpoint}{separator}{urlencode(params)}")
        answer.set_cookie(
            last_provider_cookie(),
            slug,
            max_age=180 * 86400,
            httponly=True,
            samesite="Lax",
            secure=get_config().is_https,
        )
        return answer


class CallbackView(OIDCAuthenticationCallbackView):  # type: ignore[misc]  # untyped base
    """Takes the provider's answer; whatever is wrong with it ends in one clear page."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Sign in, or say what went wrong without touching an existing sign-in."""
        try:
            entry = self._take_state(request, slug)
            provider = providers.get(slug)
            self._check_answer(request, provider)
            user = auth.authenticate(
                request, provider=provider, code=request.GET["code"], entry=entry
            )
            if not isinstance(user, User):
                raise Forbidden("Your account is suspended. Write to the operators.")
        except PortalError as exc:
            return sign_in_failed(request, exc, providers.name_of(slug))
        auth.login(request, user)
        request.session["provider"] = slug
        return self._go_on(request, entry["next"])

    def _take_state(self, request: HttpRequest, slug: str) -> dict[str, Any]:
        """Use the state up; it must be ours, young, and of this provider."""
        entry = request.session.get("oidc_states", {}).pop(request.GET.get("state", ""), None)
        request.session.modified = True
        if entry is None or entry.get("provider") != slug:
            raise Forbidden("This sign-in was not started here, or was used already. Start again.")
        if time.time() - entry["added_on"] > STATE_SECONDS:
            raise Forbidden("This sign-in took longer than ten minutes. Start again.")
        request.session.save()
        return dict(entry)

    @staticmethod
    def _check_answer(request: HttpRequest, provider: Provider) -> None:
        announced = providers.metadata(provider).get(
            "authorization_response_iss_parameter_supported"
        )
        issuer = request.GET.get("iss")
        if (issuer is None and announced) or (issuer is not None and issuer != provider.issuer):
            raise Forbidden("The answer does not come from the provider that was asked (RFC 9207).")
        if request.GET.get("error") == "access_denied":
            raise Forbidden("You cancelled the sign-in, or your institute refused it.")
        if request.GET.get("error") or not request.GET.get("code"):
            raise Forbidden(
                f"{provider.name} could not sign you in. Try again, or ask its help desk."
            )

    @staticmethod
    def _go_on(request: HttpRequest, target: str) -> HttpResponse:
        # The provider's page may allow its form to lead to this portal only; a redirect to a
        # satellite in the same chain would be blocked, a page in between ends the chain.
        if target.startswith("/oauth/"):
            return render(request, "accounts/continue.html", {"target": target})
        return HttpResponseRedirect(target)


def sign_in_failed(request: HttpRequest, error: PortalError, name: str) -> HttpResponse:
    """Return the one page on which every failed sign-in ends."""
    from vre_portal.logs import request_id  # noqa: PLC0415 - beside its only use

    context = {"error": error, "provider_name": name, "reference": request_id.get()}
    return render(request, "accounts/sign_in_failed.html", context, status=403)


class FederatedBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # untyped base
    """Turns a code into a user: verified id_token, matching userinfo, key (issuer, subject)."""

    def __init__(self) -> None:  # the base reads settings of a single provider
        self.UserModel = User

    def authenticate(
        self,
        request: HttpRequest | None,
        **credentials: Any,
    ) -> User | None:
        """Return the active user of a callback's code.

        Raises
        ------
        Forbidden
            A check of the id_token or of userinfo failed.
        """
        if request is None or "entry" not in credentials:
            return None
        provider: Provider = credentials["provider"]
        entry: Mapping[str, Any] = credentials["entry"]
        tokens = providers.redeem(
            provider,
            code=credentials["code"],
            verifier=entry["code_verifier"],
            redirect_uri=callback_url(provider),
        )
        claims = verify_id_token(provider, tokens.id_token, nonce=entry["nonce"])
        check_at_hash(claims, tokens.access_token)
        known = providers.userinfo(provider, tokens.access_token)
        if known and known.get("sub") != claims["sub"]:
            raise Forbidden("The provider speaks of two different people. Tell the operators.")
        user = services.sign_in(provider, {**claims, **known}, tokens)
        return user if user.is_active else None

    def get_user(self, user_id: str) -> User | None:
        """Return the user of a session, unless suspended."""
        return User.objects.filter(pk=user_id, is_active=True).first()


def verify_id_token(provider: Provider, token: str, *, nonce: str) -> Mapping[str, Any]:
    """Return the claims of an id_token (OpenID Connect Core 1.0, 3.1.3.7).

    Raises
    ------
    Forbidden
        The signature, or one of iss, aud, azp, exp, iat, nbf, sub and nonce, is wrong or absent.
    """
    claims = _decoded(provider, token)
    now = time.time()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    authorized = claims.get("azp")
    expires, issued = claims.get("exp"), claims.get("iat")
    if claims.get("iss") != provider.issuer:
        raise Forbidden("The sign-in names another issuer.")
    if provider.client_id not in audiences or authorized not in {None, provider.client_id}:
        raise Forbidden("The sign-in was meant for another application.")
    if len(audiences) > 1 and authorized is None:
        raise Forbidden("The sign-in does not say for which application it is.")
    if not isinstance(expires, int | float) or not isinstance(issued, int | float):
        raise Forbidden("The sign-in does not say how long it is valid.")
    if expires < now - CLOCK_SKEW or issued > now + CLOCK_SKEW:
        raise Forbidden("The sign-in is expired or not valid yet. Is a clock wrong?")
    if claims.get("nbf", 0) > now + CLOCK_SKEW:
        raise Forbidden("The sign-in is not valid yet. Is a clock wrong?")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise Forbidden("The sign-in does not say who you are.")
    if not constant_time_compare(str(claims.get("nonce", "")), nonce):
        raise Forbidden("The sign-in does not belong to this browser. Start again.")
    return claims


def _decoded(provider: Provider, token: str) -> Mapping[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as exc:
        raise Forbidden("The provider sent no readable sign-in.") from exc
    if header.get("alg") not in provider.algorithms:
        raise Forbidden("The sign-in is signed in a way that is not allowed.")
    for refetch in (False, True):
        for key in providers.keys(provider, refetch=refetch).keys:
            if header.get("kid") and key.kid and key.kid != header["kid"]:
                continue
            try:
                return jwt.decode(token, key, algorithms=list(provider.algorithms)).claims
            except (JoseError, ValueError, TypeError):
                continue
    raise Forbidden("The signature of the sign-in is wrong.")


def check_at_hash(claims: Mapping[str, Any], access_token: str) -> None:
    """Refuse an access token that the id_token does not vouch for (Core 1.0, 3.1.3.8)."""
    expected = claims.get("at_hash")
    if expected is None:
        return
    digest = hashlib.sha256(access_token.encode()).digest()
    half = urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    if not constant_time_compare(str(expected), half):
        raise Forbidden("The access token does not belong to this sign-in.")
