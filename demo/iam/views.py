"""The endpoints that differ from django-oauth-toolkit's own: authorize, token, logout."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from oauth2_provider.exceptions import (
    InvalidOIDCClientError,
    InvalidOIDCRedirectURIError,
    OAuthToolkitError,
)
from oauth2_provider.models import AbstractApplication, Application
from oauth2_provider.views import AuthorizationView, RPInitiatedLogoutView, TokenView
from oauthlib.common import Request

from demo.iam import exchange, sessions
from demo.iam.discovery import GRANT_TYPES
from demo.iam.settings import CONFIGURATION

#: Our own parameter: the sign-in must be at least as new as this (seconds since the epoch).
SINCE = "signed_in_since"


class Authorize(AuthorizationView):  # type: ignore[misc]  # the library is untyped
    """The authorization endpoint; it answers without a page once a person has signed in."""

    template_name = "iam/refused.html"  # reached only when there is nowhere to redirect to

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send to the password page when the sign-in is older than the client accepts."""
        if self._sign_in_suffices():
            answer: HttpResponse = super().get(request, *args, **kwargs)
            return answer
        if "none" in request.GET.get("prompt", "").split():
            return self.handle_no_permission()
        return self.handle_prompt_login()

    def _sign_in_suffices(self) -> bool:
        asked = self.request.GET
        at = sessions.signed_in_at(self.request)
        if "select_account" in asked.get("prompt", "").split():
            return False
        if asked.get(SINCE, "").isdigit() and at < int(asked[SINCE]):
            return False
        max_age = asked.get("max_age", "")
        return not max_age.isdigit() or time.time() - at <= int(max_age)

    def handle_no_permission(self) -> HttpResponse:
        """Send a stranger to the password page, by the same way as one who must sign in again."""
        if "none" in self.request.GET.get("prompt", "").split():
            answer: HttpResponse = super().handle_no_permission()
            return answer
        return self.handle_prompt_login()

    def handle_prompt_login(self) -> HttpResponse:
        """Ask for the password; the way back demands a sign-in that is newer than now.

        Merely dropping `prompt`, as the toolkit does, would let the page's address be left
        without typing anything. A request that cannot succeed is refused before the password.
        """
        try:
            self.validate_authorization_request(self.request)
        except OAuthToolkitError as error:
            refused: HttpResponse = self.error_response(error, application=None)
            return refused
        query = self.request.GET.copy()
        for name in ("prompt", "max_age"):
            query.pop(name, None)
        query[SINCE] = str(int(time.time()))
        return redirect_to_login(f"{self.request.path}?{query.urlencode()}")

    def create_authorization_response(
        self, request: HttpRequest, scopes: str, credentials: dict[str, Any], *, allow: bool
    ) -> Any:
        """Tell the validator which sign-in the code goes back to."""
        credentials["sign_in"] = sessions.current(request)
        return super().create_authorization_response(request, scopes, credentials, allow)

    def redirect(self, redirect_to: str, application: AbstractApplication | None) -> HttpResponse:
        """Name the issuer in every answer to a client, errors too (RFC 9207)."""
        parts = urlsplit(redirect_to)
        query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != "iss"]
        named = urlencode([*query, ("iss", CONFIGURATION.issuer)])
        target = urlunsplit(parts._replace(query=named))
        answer: HttpResponse = super().redirect(target, application)
        return answer


class Token(TokenView):  # type: ignore[misc]  # the library is untyped
    """The token endpoint, with RFC 8693 beside the toolkit's grants."""

    def post(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Answer in one transaction, which holds the lock that `validate_refresh_token` takes."""
        if request.POST.get("grant_type") == exchange.GRANT_TYPE:
            return _recorded(exchange.exchange_answer(request, self._client(request)))
        if request.POST.get("grant_type") not in GRANT_TYPES:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        with transaction.atomic():
            answer: HttpResponse = self.authorization_flow_token_response(request)
            return _recorded(answer)

    def _client(self, request: HttpRequest) -> AbstractApplication | None:
        core = self.get_oauthlib_core()
        uri, method, body, headers = core._extract_params(request)
        asked = Request(uri, method, body, headers)
        return asked.client if core.server.request_validator.authenticate_client(asked) else None


def _recorded(answer: HttpResponse) -> HttpResponse:
    """Write the tokens of an answer down where the configuration wants that."""
    if CONFIGURATION.record_file and answer.status_code == 200:
        told = json.loads(answer.content)
        names = ("access_token", "refresh_token", "id_token")
        with Path(CONFIGURATION.record_file).open("a") as record:
            record.writelines(f"{told[name]}\n" for name in names if told.get(name))
    return answer


class Logout(RPInitiatedLogoutView):  # type: ignore[misc]  # the library is untyped
    """The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0)."""

    template_name = "iam/sign_out.html"

    def get_request_application(self, id_token: Any, client_id: str | None) -> Any:
        """Refuse an unknown client in words, where the toolkit would fail."""
        if client_id and not Application.objects.filter(client_id=client_id).exists():
            raise InvalidOIDCClientError
        return super().get_request_application(id_token, client_id)

    def validate_post_logout_redirect_uri(self, application: Any, uri: str | None) -> None:
        """Compare to the letter, as `ProviderValidator.validate_redirect_uri` does."""
        super().validate_post_logout_redirect_uri(application, uri)
        if uri and uri not in application.post_logout_redirect_uris.split():
            raise InvalidOIDCRedirectURIError("This client has not registered this address.")

    def do_logout(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the sign-in and its tokens, but for those asked for offline access."""
        sessions.end(self.request)
        answer: HttpResponse = super().do_logout(*args, **kwargs)
        return answer
