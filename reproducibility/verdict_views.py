"""Pages of signed verdicts, the files with which anybody checks them, and the site's keys."""

from __future__ import annotations

from base64 import b64decode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import services, verdict_pages
from reproducibility.services import signing, site_keys, verifying
from reproducibility.services.verdicts_history import standing
from reproducibility.verdict_forms import ScheduleForm

#: Keys change once in years, and a new one is published before anything is signed with it.
KEY_SECONDS = 3600


@require_GET
@signed_in
def verdict(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show one verdict: what was found, and how to check the signature."""
    found = signing.find_verdict(request.user, pk)
    context = {
        "view": verdict_pages.shown(found, request.user),
        "verdict": found,
        "analysis": found.version.analysis,
        "standing": standing(found.version.analysis, found.version),
        "is_mine": verdict_pages.is_whose_run(request.user, found),
        "is_listed": found.version.analysis.published
        or found.version.analysis.owner_id == request.user.pk,
    }
    return render(request, "reproducibility/verdict.html", context)


@require_GET
@signed_in
def statement(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the bytes that were signed."""
    found = signing.find_verdict(request.user, pk)
    return _saved(found.statement.encode(), "statement.json", "application/json")


@require_GET
@signed_in
def signature(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the 64 bytes of the signature."""
    found = signing.find_verdict(request.user, pk)
    return _saved(b64decode(found.signature), "statement.sig", "application/octet-stream")


def _saved(content: bytes, name: str, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    # A signed verdict never changes; who may see its analysis may.
    answer["Cache-Control"] = "private, no-cache"
    return answer


@require_POST
@signed_in
def schedule(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Let an analysis be verified every so many days, or no longer."""
    found = services.find_analysis(request.user, slug)
    form = ScheduleForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["every_days"])))
        return redirect("reproducibility:analysis", slug=slug)
    days = form.parsed()
    verifying.set_schedule(request.user, found, days)
    messages.success(request, _scheduled(days))
    return redirect("reproducibility:analysis", slug=slug)


def _scheduled(days: int | None) -> str:
    if days is None:
        return _("It is no longer verified by itself.")
    words = ngettext("It is verified every day.", "It is verified every %(days)s days.", days)
    return words % {"days": days}


@require_GET
def keys(_request: HttpRequest) -> HttpResponseBase:
    """Give all keys of the site's verdicts as a JSON Web Key Set (RFC 7517)."""
    return _for_everybody(JsonResponse({"keys": [key.jwk for key in site_keys.public_keys()]}))


@require_GET
def key(request: HttpRequest) -> HttpResponseBase:
    """Give one key as PEM: the one that signs now, or by its id (`kid`)."""
    found = site_keys.public_key(request.GET.get("kid", ""))
    return _for_everybody(HttpResponse(found.pem, content_type="application/x-pem-file"))


def _for_everybody(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = f"public, max-age={KEY_SECONDS}"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer["Access-Control-Allow-Origin"] = "*"  # a page elsewhere may check a verdict, too
    return answer
