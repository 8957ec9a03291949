"""The API's account part: who am I."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import api_tokens
from accounts.decorators import acts_as_operator, is_fresh
from accounts.models import ApiToken, BackendAccount, Identity, TokenScope, User
from accounts.rest import user_of
from vre_portal.errors import Forbidden


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


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """An API token; the secret is told once, when it is made."""

    class Meta:
        model = ApiToken
        fields = (
            "id", "name", "hint", "scopes", "created_at", "expires_at", "last_used_at",
            "last_used_from", "revoked_at",
        )  # fmt: skip


class TokensSerializer(serializers.Serializer[Any]):
    """One's tokens, the live ones first."""

    items = TokenSerializer(many=True)


class NewTokenSerializer(TokenSerializer):
    """A token that was just made."""

    token = serializers.CharField()

    class Meta:
        model = ApiToken
        fields = (*TokenSerializer.Meta.fields, "token")


class TokenWishSerializer(serializers.Serializer[Any]):
    """A token to be made; `days` until it ends."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.CharField(max_length=20))
    days = serializers.IntegerField()


class TokensView(AccountPart):
    """One's personal API tokens; only a browser that has just signed in makes one."""

    @extend_schema(operation_id="me_tokens_list", responses=TokensSerializer)
    def get(self, request: Request) -> Response:
        """List them."""
        user = user_of(request)
        rows = [*api_tokens.live(user), *api_tokens.ended(user)]
        return Response(TokensSerializer({"items": rows}).data)

    @extend_schema(request=TokenWishSerializer, responses={201: NewTokenSerializer})
    def post(self, request: Request) -> Response:
        """Make one."""
        user = user_of(request)
        if not is_fresh(request._request):
            raise Forbidden("Sign in to the portal again, then make the token within 5 minutes.")
        wish = TokenWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wants_admin = TokenScope.ADMIN.value in wish.validated_data["scopes"]
        if wants_admin and not acts_as_operator(request._request):
            raise Forbidden("admin is for operators who signed in with a second factor.")
        made = api_tokens.make(user, **wish.validated_data)
        told = {**TokenSerializer(made.row).data, "token": made.secret}
        return Response(told, status=201)


class TokenView(AccountPart):
    """One token."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """End it."""
        api_tokens.revoke(user_of(request), str(pk))
        return Response(status=204)


urlpatterns = [
    path("me", MeView.as_view(), name="me"),
    path("me/tokens", TokensView.as_view(), name="tokens"),
    path("me/tokens/<uuid:pk>", TokenView.as_view(), name="token"),
]
