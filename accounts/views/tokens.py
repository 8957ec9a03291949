"""The page of personal API tokens."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import api_tokens, presenting
from accounts.api_tokens import NewToken
from accounts.decorators import SignedInRequest, acts_as_operator, recently_signed_in, signed_in
from accounts.forms import TokenForm
from vre_portal.config import get_config
from vre_portal.errors import PortalError


@require_GET
@signed_in
def tokens(request: SignedInRequest) -> HttpResponse:
    """Show the tokens that open something, and those that don't any more."""
    return _page(request)


@require_http_methods(["GET", "POST"])
@recently_signed_in
def make(request: SignedInRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    operator = acts_as_operator(request)
    if request.method == "GET":
        return _form(request, TokenForm(operator=operator))
    form = TokenForm(request.POST, operator=operator)
    if not form.is_valid():
        return _form(request, form, status=422)
    wish = form.cleaned_data
    try:
        new = api_tokens.make(
            request.user, name=wish["name"], scopes=wish["scopes"], days=int(wish["days"])
        )
    except PortalError as exc:
        form.add_error(None, exc.message)
        return _form(request, form, status=exc.status)
    return _page(request, new=new, status=201)


@require_POST
@signed_in
def revoke(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """End a token."""
    row = api_tokens.revoke(request.user, str(pk))
    messages.success(request, _("%(name)s is revoked.") % {"name": row.name})
    return redirect("accounts:tokens")


def _form(request: SignedInRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    return render(request, "accounts/token_new.html", {"form": form}, status=status)


def _page(
    request: SignedInRequest, *, new: NewToken | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "new": new,
        "live": presenting.tokens(api_tokens.live(request.user)),
        "ended": presenting.tokens(api_tokens.ended(request.user)),
        "public_url": get_config().public_url,
    }
    return render(request, "accounts/tokens.html", context, status=status)
