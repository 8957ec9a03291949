"""The portal's own issuer: its description, its token endpoint, and the device flow's pages."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import unquote_plus

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.models import AbstractDeviceGrant
from oauth2_provider.views import (
    AuthorizationView,
    ConnectDiscoveryInfoView,
    DeviceAuthorizationView,
    RevokeTokenView,
    TokenView,
)
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error

from accounts import audit, authorization, device, satellites
from accounts.decorators import SignedInRequest, reauthentication_page, signed_in
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.limits import CLIENTS, DEVICE_CODES
from vre_portal.logs import client_address


class Discovery(ConnectDiscoveryInfoView):  # type: ignore[misc]  # untyped base
    """What the issuer says of itself: no more than it does."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the toolkit's document, corrected."""
        issuer = f"{get_config().public_url}/oauth"
        told = json.loads(super().get(request, *args, **kwargs).content)
        told |= {
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", device.GRANT_TYPE],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "none",
            ],
            "code_challenge_methods_supported": ["S256"],
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "device_authorization_endpoint": f"{issuer}/device_authorization/",
        }  # fmt: skip
        return JsonResponse(told)


class Authorize(AuthorizationView):  # type: ignore[misc]  # untyped base
    """Where a satellite sends the browser: gives a code, or says why not."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give a code to a request that keeps to the rules, after a new sign-in if it wants one."""
        try:
            _scopes, told = self.validate_authorization_request(request)
            authorization.check(request)
        except OAuthToolkitError as error:
            return self._refused(error)
        except authorization.Refused as exc:
            refused = CustomOAuth2Error(exc.error, description=exc.message, state=told["state"])
            return self._refused(OAuthToolkitError(refused, redirect_uri=told["redirect_uri"]))
        if not authorization.is_recent(request):
            name = satellites.name_of(told["client_id"])
            return reauthentication_page(request, authorization.afterwards(request), wanted_by=name)
        answer: HttpResponse = super().get(request, *args, **kwargs)
        return answer

    def _refused(self, error: OAuthToolkitError) -> HttpResponse:
        answer: HttpResponse = self.error_response(error, application=None)
        return answer

    def handle_no_permission(self) -> HttpResponse:
        """Ask a stranger to sign in; to a silent request say that they would have to."""
        if authorization.is_silent(self.request):
            answer: HttpResponse = super().handle_no_permission()
            return answer
        again = authorization.wants_login(self.request)
        target = authorization.afterwards(self.request) if again else self.request.get_full_path()
        return redirect_to_login(target)

    def create_authorization_response(
        self, request: HttpRequest, scopes: Any, credentials: dict[str, Any], allow: Any
    ) -> Any:
        """Give the code together with the time of this browser's sign-in."""
        told = {**credentials, "auth_time": authorization.auth_time_of(request)}
        return super().create_authorization_response(request, scopes, told, allow)


class Token(TokenView):  # type: ignore[misc]  # untyped base
    """The token endpoint; who guesses often has to wait, who knows the secret never."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, and count guesses by client and address."""
        # Not the toolkit's own `post`: that one knows neither oauthlib 4 nor `slow_down`.
        answer: HttpResponse = self.authorization_flow_token_response(request)
        return _counted(request, answer)


class Revoke(RevokeTokenView):  # type: ignore[misc]  # untyped base
    """Where a satellite gives a token back (RFC 7009); guesses count as at the token endpoint."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, and count guesses by client and address."""
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return _counted(request, answer)


def _counted(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Write a refusal down; whoever shows a wrong secret too often has to wait.

    Codes and tokens are too long to be guessed, so these are not counted.
    """
    error = json.loads(answer.content).get("error") if answer.status_code in {400, 401} else ""
    if not error or error in device.NO_REFUSAL:
        return answer
    client, kind = _client_of(request), request.POST.get("grant_type", "")[:60]
    audit.refused(
        "issuer.refused",
        key=f"{client} {error} {kind if client else ''}",
        about=("client", client),
        detail={"error": error, "path": request.path, "grant_type": kind},
    )
    if error == "invalid_client":
        CLIENTS.use((client, client_address.get()))
    return answer


def _client_of(request: HttpRequest) -> str:
    """Return which client a program says that it is, by header or form; empty for none of ours."""
    scheme, _, told = request.headers.get("Authorization", "").partition(" ")
    client = request.POST.get("client_id", "")
    if scheme.lower() == "basic":
        try:
            client = unquote_plus(b64decode(told).decode().partition(":")[0])
        except ValueError:
            client = ""
    return client if client in satellites.entries() else ""


class DeviceAuthorization(DeviceAuthorizationView):  # type: ignore[misc]  # untyped base
    """Where a command line begins (RFC 8628, 3.1)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give codes to a known client that asks for no more than it may have."""
        DEVICE_CODES.use(client_address.get())
        problem = device.problem_of(
            request.POST.get("client_id", ""), request.POST.get("scope", "").split()
        )
        if problem:
            return JsonResponse({"error": problem}, status=400)
        answer: HttpResponse = super().post(request, *args, **kwargs)
        if answer.status_code == 200:
            device.note_origin(json.loads(answer.content)["device_code"], client_address.get())
        return answer

    def create_device_authorization_response(self, request: HttpRequest) -> Any:
        """Leave out the scope: oauthlib 4 tells it, RFC 8628 and the toolkit don't know it."""
        headers, told, status = super().create_device_authorization_response(request)
        if isinstance(told, dict):
            told.pop("scope", None)
        return headers, told, status


@require_http_methods(["GET", "POST"])
@signed_in
def device_page(request: SignedInRequest) -> HttpResponse:
    """Take the code that a command line shows, say who asks for what, and let the person decide."""
    code = device.normal(request.POST.get("code") or request.GET.get("code", ""))
    if not code:
        return render(request, "accounts/device.html", {})
    try:
        DEVICE_CODES.use(request.user.pk)
        grant = device.find(code)
        decision = request.POST.get("decision") if request.method == "POST" else None
        if decision not in {"allow", "deny"}:
            return render(request, "accounts/device.html", _asked(grant))
        device.decide(grant, request.user, allow=decision == "allow")
    except PortalError as exc:
        context = {"problem": exc.message, "code": code}
        return render(request, "accounts/device.html", context, status=exc.status)
    return render(request, "accounts/device.html", {"decided": decision, **_asked(grant)})


def _asked(grant: AbstractDeviceGrant) -> dict[str, object]:
    return {
        "grant": grant,
        "client": satellites.name_of(grant.client_id),
        "scopes": device.in_words(grant.scope.split()),
        "origin": device.origin_of(grant.device_code),
    }
