"""What the API's views know of their user."""

from __future__ import annotations

from rest_framework.request import Request

from accounts.models import User
from vre_portal.errors import SignInRequired


def user_of(request: Request) -> User:
    """Return the signed-in user of an API request."""
    if not isinstance(request.user, User):
        raise SignInRequired("Sign in to use the API.")
    return request.user
