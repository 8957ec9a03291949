"""The page of the terms of use."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.decorators import SignedInRequest, signed_in
from accounts.oidc import safe_next


@require_http_methods(["GET", "POST"])
@signed_in
def terms(request: SignedInRequest) -> HttpResponseBase:
    """Show the terms of use; accepting them starts the making of accounts."""
    target = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        if request.POST.get("accept") != "yes":
            context = {"next": target, "problem": _("Tick the box to accept the terms.")}
            return render(request, "accounts/terms.html", context, status=422)
        services.accept_terms(request.user)
        return redirect("accounts:checklist") if target == "/" else redirect(target)
    accepted = services.has_accepted_terms(request.user)
    return render(request, "accounts/terms.html", {"next": target, "accepted": accepted})
