"""The page on which one chooses what comes by mail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from activity.forms import PreferencesForm
from activity.services import preferences


@require_http_methods(["GET", "POST"])
@signed_in
def mail_preferences(request: SignedInRequest) -> HttpResponse:
    """Show which notices come by mail and where they go, and take over another choice."""
    preferences.must_be_offered()
    user = request.user
    form = PreferencesForm(request.POST)
    if request.method == "POST" and form.is_valid():
        preferences.choose(user, form.chosen)
        messages.success(request, _("Saved. It holds from the next notice on."))
        return redirect("activity:preferences")
    wanted = preferences.wanted_by([user.pk])[user.pk]
    context = {
        "address": preferences.address_of(user),
        "form": PreferencesForm(initial=dict.fromkeys(wanted, True)),
    }
    return render(request, "activity/preferences.html", context)
