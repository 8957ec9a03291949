"""Where providers tell that somebody signed out there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import backchannel, providers
from accounts.id_tokens import SignInRefused
from vre_portal.errors import NotFound, PortalError
from vre_portal.limits import LOGOUTS
from vre_portal.logs import client_address


# A provider has no page of ours; its signature says who it is.
@csrf_exempt
@require_POST
def heard(request: HttpRequest, slug: str) -> HttpResponse:
    """Obey a logout token, or say why not (Back-Channel Logout 1.0, sections 2.5 and 2.8)."""
    provider = providers.registry().get(slug)
    if provider is None:
        raise NotFound("There is no such provider.")
    teller = (slug, client_address.get())
    LOGOUTS.check(teller)  # first: a token may make the portal ask for the provider's keys again
    try:
        backchannel.obey(provider, request.POST.get("logout_token", ""))
    except SignInRefused as exc:
        LOGOUTS.use(teller)
        return _refused(exc, 400)
    except PortalError as exc:
        return _refused(exc, 503)
    return HttpResponse(status=200)


def _refused(error: PortalError, status: int) -> HttpResponse:
    told = {"error": "invalid_request", "error_description": error.message}
    return JsonResponse(told, status=status)
