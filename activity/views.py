"""The page on which one chooses what comes by mail and what goes to a webhook."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from activity.forms import PreferencesForm, WebhookForm
from activity.models import Webhook
from activity.services import preferences, webhooks
from activity.services.kinds import KINDS
from vre_portal.errors import InvalidRequest

#: Both forms stand on one page, and have the same boxes.
PREFIX = "hook"
USUAL = {kind.key: kind.usual for kind in KINDS}


@require_http_methods(["GET", "POST"])
@signed_in
def notice_preferences(request: SignedInRequest) -> HttpResponse:
    """Show what comes by mail and goes to the webhook, and take over another choice of mail."""
    form = PreferencesForm(request.POST)
    if request.method == "POST" and form.is_valid():
        preferences.must_be_offered()
        preferences.choose(request.user, form.chosen)
        messages.success(request, _("Saved. It holds from the next notice on."))
        return redirect("activity:preferences")
    return _page(request)


@require_POST
@signed_in
def save_webhook(request: SignedInRequest) -> HttpResponse:
    """Save address and kinds; the secret of a new webhook is shown this once."""
    form = WebhookForm(request.POST, prefix=PREFIX)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        saved = webhooks.save(request.user, url=form.cleaned_data["url"], kinds=form.chosen)
    except InvalidRequest as exc:
        form.add_error("url", exc.message)
        return _page(request, form=form, status=exc.status)
    if saved.secret:
        return _page(request, secret=saved.secret, status=201)
    messages.success(request, _("Saved. It holds from the next notice on."))
    return redirect("activity:preferences")


@require_POST
@signed_in
def test_webhook(request: SignedInRequest) -> HttpResponse:
    """Send a test now, and say what came of it."""
    tried = webhooks.send_test(request.user)
    if tried.status:
        text = _("The test was taken: your address answered %(status)s.")
        messages.success(request, text % {"status": tried.status})
    else:
        text = _("The test was not taken: your address %(problem)s.")
        messages.error(request, text % {"problem": tried.problem})
    return redirect("activity:preferences")


@require_POST
@signed_in
def renew_secret(request: SignedInRequest) -> HttpResponse:
    """Make another secret, and show it this once."""
    return _page(request, secret=webhooks.renew(request.user), status=201)


@require_POST
@signed_in
def switch_on(request: SignedInRequest) -> HttpResponse:
    """Have notices go to the address again."""
    webhooks.switch_on(request.user)
    messages.success(request, _("Switched on. It holds from the next notice on."))
    return redirect("activity:preferences")


@require_POST
@signed_in
def remove_webhook(request: SignedInRequest) -> HttpResponse:
    """Forget the address and its secret."""
    webhooks.remove(request.user)
    messages.success(request, _("Removed. Nothing goes there any more."))
    return redirect("activity:preferences")


def _page(
    request: SignedInRequest,
    *,
    form: WebhookForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    user = request.user
    webhook = webhooks.of(user)
    wanted = preferences.wanted_by([user.pk])[user.pk]
    context = {
        "address": preferences.address_of(user),
        "form": PreferencesForm(initial=dict.fromkeys(wanted, True)),
        "webhook": webhook,
        "webhook_form": form or WebhookForm(prefix=PREFIX, initial=_initial(webhook)),
        "secret": secret,
    }
    return render(request, "activity/preferences.html", context, status=status)


def _initial(webhook: Webhook | None) -> dict[str, object]:
    if webhook is None:
        return {**USUAL}
    return {"url": webhook.url, **dict.fromkeys(webhook.kinds, True)}
