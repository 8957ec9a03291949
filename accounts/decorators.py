"""Who may open a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from vre_portal.errors import SignInRequired

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request whose user is known."""

    user: User


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Ask strangers to sign in; the page that they wanted opens afterwards."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            raise SignInRequired("Sign in to go on. What you entered is not lost: go back for it.")
        return view(request, *args, **kwargs)  # type: ignore[arg-type]  # its user was just checked

    return guarded
