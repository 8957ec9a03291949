"""The API of deposits: a draft in a repository, looked at, and published with a DOI."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility.deposit_serializers import (
    ConfirmationSerializer,
    DepositPageSerializer,
    DepositSerializer,
    DepositWishSerializer,
)
from reproducibility.models import Deposit
from reproducibility.services.captures.publishing import own
from reproducibility.services.deposits import asking


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"

    def deposit(self, request: Request, key: str, pk: UUID) -> Deposit:
        """Return a deposit of the caller's."""
        user = user_of(request)
        return asking.find(user, own(user, key), pk)


class DepositsView(_Part):
    """The deposits of an analysis of one's own."""

    @extend_schema(operation_id="analyses_deposits", responses=DepositPageSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return how each stands, the newest first."""
        user = user_of(request)
        found = asking.of_analysis(user, own(user, key))
        return Response({"items": DepositSerializer(found, many=True).data, "next": None})

    @extend_schema(
        operation_id="analyses_deposit",
        request=DepositWishSerializer,
        responses={202: DepositSerializer},
    )
    def post(self, request: Request, key: str) -> Response:
        """Have a draft made of a version that is published here; nothing is published there yet.

        409 where it is not published here, a draft is open, or the version is deposited already.
        """
        user = user_of(request)
        own(user, key)
        wish = DepositWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        made = asking.begin(user, key, str(wish.validated_data.get("version", "")))
        return Response(DepositSerializer(made).data, status=202)


class DepositView(_Part):
    """One deposit."""

    @extend_schema(operation_id="analyses_deposit_read", responses=DepositSerializer)
    def get(self, request: Request, key: str, pk: UUID) -> Response:
        """Return how it stands."""
        return Response(DepositSerializer(self.deposit(request, key, pk)).data)

    @extend_schema(operation_id="analyses_deposit_discard", responses={204: None})
    def delete(self, request: Request, key: str, pk: UUID) -> Response:
        """Throw a draft away, here and at the repository; 409 once it is published."""
        asking.discard(user_of(request), self.deposit(request, key, pk))
        return Response(status=204)


class DepositAgainView(_Part):
    """Preparing a draft again."""

    @extend_schema(
        operation_id="analyses_deposit_prepare", request=None, responses={202: DepositSerializer}
    )
    def post(self, request: Request, key: str, pk: UUID) -> Response:
        """Make the same draft anew from what the analysis says now."""
        found = asking.prepare_again(user_of(request), self.deposit(request, key, pk))
        return Response(DepositSerializer(found).data, status=202)


class DepositPublishView(_Part):
    """The publication of a draft."""

    @extend_schema(
        operation_id="analyses_deposit_publish",
        request=ConfirmationSerializer,
        responses={202: DepositSerializer},
    )
    def post(self, request: Request, key: str, pk: UUID) -> Response:
        """Publish a draft that is `ready`: that can not be undone."""
        deposit = self.deposit(request, key, pk)
        told = ConfirmationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        found = asking.confirm(
            user_of(request), deposit, confirmed=told.validated_data["confirmed"]
        )
        return Response(DepositSerializer(found).data, status=202)


_ONE = "analyses/<slug:key>/deposits/<uuid:pk>"
urlpatterns = [
    path("analyses/<slug:key>/deposits", DepositsView.as_view(), name="deposits"),
    path(_ONE, DepositView.as_view(), name="deposit"),
    path(f"{_ONE}/prepare", DepositAgainView.as_view(), name="deposit-prepare"),
    path(f"{_ONE}/publish", DepositPublishView.as_view(), name="deposit-publish"),
]
