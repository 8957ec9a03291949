"""The relying party: mozilla-django-oidc's views, with every check that they leave out.

Tokens are verified in `accounts.id_tokens`; calls to providers are in `accounts.token_endpoint`.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.backends import BaseBackend
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.utils.http import url_has_allowed_host_and_scheme
from mozilla_django_oidc.utils import (
    add_state_and_verifier_and_nonce_to_session,
    generate_code_challenge,
)
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)

from accounts import (
    audit,
    discovery,
    id_tokens,
    intents,
    last_choice,
    providers,
    token_endpoint,
)
from accounts.id_tokens import Proven, SignInRefused
from accounts.intents import Intent
from accounts.models import Result, User
from accounts.providers import Provider
from accounts.roles import MFA
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError, SignInRequired
from vre_portal.limits import SIGN_IN
from vre_portal.logs import client_address, request_id

log = logging.getLogger(__name__)
STATE_SECONDS = 600
LONGEST_PARAMETER = 4096


def callback_url(provider: Provider) -> str:
    """Return the redirect URI of a provider."""
    return f"{get_config().public_url}/accounts/callback/{provider.slug}/"


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
        SIGN_IN.use(client_address.get())
        intent = _intent(request)
        try:
            endpoint = discovery.metadata(provider)["authorization_endpoint"]
        except PortalError as exc:
            return sign_in_failed(request, exc, provider.name, slug=slug)
        state, nonce = get_random_string(32), get_random_string(32)
        verifier = secrets.token_urlsafe(48)
        params = self._parameters(request, provider, intent) | {
            "state": state,
            "nonce": nonce,
            "code_challenge": generate_code_challenge(verifier, "S256"),
            "code_challenge_method": "S256",
        }
        add_state_and_verifier_and_nonce_to_session(request, state, params, verifier)
        request.session["oidc_states"][state] |= {
            "provider": slug,
            "next": safe_next(request, request.POST.get("next")),
            "intent": intent,
            "idp": _hint(request),
        }
        request.session.modified = True
        separator = "&" if "?" in endpoint else "?"
        answer = HttpResponseRedirect(f"{endpoint}{separator}{urlencode(params)}")
        if intent is Intent.SIGN_IN:
            last_choice.remember(answer, provider, _hint(request))
        return answer

    @staticmethod
    def _parameters(request: HttpRequest, provider: Provider, intent: Intent) -> dict[str, str]:
        params = {
            "response_type": "code",
            "scope": " ".join(provider.scopes),
            "client_id": provider.client_id,
            "redirect_uri": callback_url(provider),
        }
        if _hint(request) and provider.hint_parameter:
            params[provider.hint_parameter] = _hint(request)
        if intent is not Intent.SIGN_IN:
            params |= {"prompt": "login", "max_age": "0"}
        if provider.mfa and request.POST.get("mfa"):
            params["acr_values"] = MFA
        return params


def _hint(request: HttpRequest) -> str:
    return request.POST.get("idp", "")[:400]


def _intent(request: HttpRequest) -> Intent:
    wanted = request.POST.get("intent", Intent.SIGN_IN)
    if wanted not in set(Intent):
        raise NotFound("There is no such way to sign in.")
    if wanted != Intent.SIGN_IN and not request.user.is_authenticated:
        raise SignInRequired("Sign in first.")
    return Intent(wanted)


class CallbackView(OIDCAuthenticationCallbackView):  # type: ignore[misc]  # untyped base
    """Takes the provider's answer; whatever is wrong with it ends in one clear page."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Do what the sign-in was for, or say what went wrong and leave everything as it was."""
        proven = None
        try:
            entry = self._take_state(request, slug)
            provider = providers.get(slug)
            self._check_answer(request, provider)
            proven = prove(provider, request.GET["code"], entry)
            target = intents.fulfil(request, proven, entry)
            return self._go_on(request, target)
        except PortalError as exc:
            name = providers.name_of(slug)
            return sign_in_failed(request, exc, name, slug=slug, proven=proven)

    def _take_state(self, request: HttpRequest, slug: str) -> dict[str, Any]:
        """Use the state up; it must be ours, young, and of this provider."""
        states = request.session.get("oidc_states", {})
        entry = states.get(request.GET.get("state", ""))
        if entry is None or entry.get("provider") != slug:
            raise SignInRefused(
                "state", "This sign-in was not started here, or was used already. Start again."
            )
        del states[request.GET["state"]]
        try:
            request.session.save()
        except UpdateError as exc:
            raise SignInRefused("ended", "You were signed out meanwhile. Start again.") from exc
        # Asking the provider takes a while; what other tabs do to the session meanwhile counts.
        request.session = type(request.session)(request.session.session_key)
        if time.time() - entry["added_on"] > STATE_SECONDS:
            raise SignInRefused(
                "state-age", "This sign-in took longer than ten minutes. Start again."
            )
        return dict(entry)

    @staticmethod
    def _check_answer(request: HttpRequest, provider: Provider) -> None:
        if any(len(request.GET.getlist(name)) > 1 for name in ("code", "state", "iss", "error")):
            raise SignInRefused("answer-twice", "The answer says something twice. Start again.")
        announced = discovery.metadata(provider).get(
            "authorization_response_iss_parameter_supported"
        )
        issuer, code = request.GET.get("iss"), request.GET.get("code", "")
        if (issuer is None and announced) or (issuer is not None and issuer != provider.issuer):
            raise SignInRefused(
                "answer-issuer",
                "The answer does not come from the provider that was asked (RFC 9207).",
            )
        if request.GET.get("error") == "access_denied":
            raise SignInRefused(
                "denied", "You cancelled the sign-in, or your institute refused it."
            )
        if request.GET.get("error") or not 0 < len(code) <= LONGEST_PARAMETER:
            raise SignInRefused(
                "answer-error",
                f"{provider.name} could not sign you in. Try again, or ask its help desk.",
            )

    @staticmethod
    def _go_on(request: HttpRequest, target: str) -> HttpResponse:
        # The provider's page may allow its form to lead to this portal only; a redirect to a
        # satellite in the same chain would be blocked, a page in between ends the chain.
        if target.startswith("/oauth/"):
            return render(request, "accounts/continue.html", {"target": target})
        return HttpResponseRedirect(target)


def prove(provider: Provider, code: str, entry: Mapping[str, Any]) -> Proven:
    """Return who a callback's code speaks of, every check passed.

    Raises
    ------
    SignInRefused
        A check of the id_token or of userinfo failed.
    """
    tokens = token_endpoint.redeem(
        provider,
        code=code,
        verifier=entry["code_verifier"],
        redirect_uri=callback_url(provider),
    )
    claims = id_tokens.verify_id_token(provider, tokens.id_token, nonce=entry["nonce"])
    id_tokens.check_at_hash(tokens.id_token, claims, tokens.access_token)
    fresh = entry["added_on"] if entry["intent"] != Intent.SIGN_IN else None
    auth_time = id_tokens.auth_time_of(claims, not_before=fresh)
    answer = token_endpoint.userinfo(provider, tokens.access_token)
    return Proven(
        provider=provider,
        subject=id_tokens.subject_of(claims),
        claims=id_tokens.known_claims(provider, claims, answer),
        tokens=tokens,
        auth_time=auth_time,
        sid=id_tokens.sid_of(claims),
    )


def sign_in_failed(
    request: HttpRequest,
    error: PortalError,
    name: str,
    *,
    slug: str = "",
    proven: Proven | None = None,
) -> HttpResponse:
    """Return the one page on which every failed sign-in ends."""
    reason = getattr(error, "reason", error.code)
    log.info("sign-in at %s refused: %s (cause: %r)", slug or name, reason, error.__cause__)
    audit.record(
        "sign-in.refused",
        actor=request.user if isinstance(request.user, User) else None,
        issuer=proven.provider.issuer if proven else "",
        subject=proven.subject if proven else "",
        about=("provider", slug or name),
        result=Result.REFUSED,
        detail={"reason": reason},
    )
    context = {
        "error": error,
        "reason": reason,
        "provider_name": name,
        "reference": request_id.get(),
        "address": get_config().public_url,
        "contact": get_config().contact,
    }
    return render(request, "accounts/sign_in_failed.html", context, status=403)


class FederatedBackend(BaseBackend):
    """Knows the users of sessions; nobody signs in with credentials, only through the callback."""

    def get_user(self, user_id: str) -> User | None:
        """Return the user of a session, unless suspended."""
        return User.objects.filter(pk=user_id, is_active=True).first()
