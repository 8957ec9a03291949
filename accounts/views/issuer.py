"""The portal's own issuer: its description, its token endpoint, and the device flow's pages."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from oauth2_provider.models import AbstractDeviceGrant
from oauth2_provider.views import ConnectDiscoveryInfoView, DeviceAuthorizationView, TokenView

from accounts import device, satellites
from accounts.decorators import SignedInRequest, signed_in
from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.limits import DEVICE_CODES, REFUSED
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
            "device_authorization_endpoint": f"{issuer}/device_authorization/",
        }  # fmt: skip
        return JsonResponse(told)


class Token(TokenView):  # type: ignore[misc]  # untyped base
    """The token endpoint; who fails often has to wait."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer, and count refusals by address."""
        address = client_address.get()
        REFUSED.check(address)
        # Not the toolkit's own `post`: that one knows neither oauthlib 4 nor `slow_down`.
        answer: HttpResponse = self.authorization_flow_token_response(request)
        if answer.status_code in {400, 401} and not _is_waiting(answer):
            REFUSED.use(address)
        return answer


def _is_waiting(answer: HttpResponse) -> bool:
    """Whether a command line is only told to ask again: no guess, and no reason to slow it down."""
    return json.loads(answer.content).get("error") in device.ASK_AGAIN


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
    entry = satellites.entries().get(grant.client_id, {})
    return {
        "grant": grant,
        "client": entry.get("name", grant.client_id),
        "scopes": device.in_words(grant.scope.split()),
        "origin": device.origin_of(grant.device_code),
    }
