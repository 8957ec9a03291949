"""The API's account part: who am I."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import BackendAccount, Identity, User
from accounts.rest import user_of


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    """A sign-in of the user."""

    class Meta:
        model = Identity
        fields = ("provider", "issuer", "subject", "last_sign_in")


class BackendAccountSerializer(serializers.ModelSerializer[BackendAccount]):
    """The user's account in one backend."""

    class Meta:
        model = BackendAccount
        fields = ("service", "account", "state", "problem")


class MeSerializer(serializers.ModelSerializer[User]):
    """The signed-in user."""

    identities = IdentitySerializer(many=True)
    backends = BackendAccountSerializer(many=True, source="backend_accounts")

    class Meta:
        model = User
        fields = ("id", "handle", "display_name", "groups", "roles", "identities", "backends")


class AccountPart(APIView):
    """What concerns the person; tokens may read it and change nothing."""

    area = "account"


class MeView(AccountPart):
    """Who am I."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Return the signed-in user with identities and accounts."""
        return Response(MeSerializer(user_of(request)).data)


urlpatterns = [path("me", MeView.as_view(), name="me")]
