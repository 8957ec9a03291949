"""The pages of the terms of use, of privacy, and of a membership that is missing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import presenting, providers, services
from accounts.decorators import SignedInRequest, signed_in
from accounts.models import Role
from accounts.oidc import safe_next
from vre_portal.config import get_config


@require_http_methods(["GET", "POST"])
@signed_in
def terms(request: SignedInRequest) -> HttpResponseBase:
    """Show the terms of use; accepting them starts the making of accounts."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    context = {"next": target, **_site()}
    if request.method == "POST":
        if request.POST.get("accept") != "yes":
            context["problem"] = _("Tick the box to accept the terms.")
            return render(request, "accounts/terms.html", context, status=422)
        services.accept_terms(request.user)
        return redirect("accounts:checklist") if target == "/" else redirect(target)
    context["accepted"] = services.has_accepted_terms(request.user)
    context["before"] = request.user.acceptances.exists()
    return render(request, "accounts/terms.html", context)


@require_GET
def privacy(request: HttpRequest) -> HttpResponseBase:
    """Show what is kept of people, why, how long, and who sees it."""
    return render(request, "accounts/privacy.html", _site())


@require_GET
@signed_in
def membership(request: SignedInRequest) -> HttpResponseBase:
    """Say to somebody in no group which would open the portal, and how to ask for it."""
    if Role.MEMBER.value in request.user.roles:
        return redirect(safe_next(request, request.GET.get("next")))
    identity = request.user.identities.order_by("-last_sign_in").first()
    context = {
        "identity": identity,
        "provider": providers.registry().get(identity.provider) if identity else None,
        "wanted": presenting.groups_that_open(identity),
        "next": safe_next(request, request.GET.get("next")),
        **_site(),
    }
    return render(request, "accounts/membership.html", context)


def _site() -> dict[str, object]:
    config = get_config()
    return {
        "version": config.terms_version,
        "changes": config.terms_changes,
        "contact": config.contact,
        "security_contact": config.security_contact,
        "audit_days": config.audit_days,
        "grace_days": config.deletion_grace_days,
    }
