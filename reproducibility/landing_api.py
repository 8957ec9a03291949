"""The API of an analysis's public page: whether it is open, and where it is."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import services
from reproducibility.models import Analysis
from reproducibility.services.landing.addresses import public_url
from reproducibility.services.landing.switch import set_open


class LandingWishSerializer(serializers.Serializer[object]):
    """Whether everybody on the web may read the page."""

    open = serializers.BooleanField()


class LandingSerializer(LandingWishSerializer):
    """Whether the public page is open, and its address, which says nothing while it is closed."""

    url = serializers.URLField()


class LandingView(APIView):
    """The public page of an analysis."""

    area = "workflows"

    @extend_schema(operation_id="analysis_landing", responses=LandingSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return whether it is open to readers without an account, and its address."""
        return _told(services.find_analysis(user_of(request), key))

    @extend_schema(
        operation_id="analysis_landing_change",
        request=LandingWishSerializer,
        responses=LandingSerializer,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Open the page of one's own published analysis to everybody, or close it.

        409 where it is not published; a withdrawn analysis's page is closed by itself.
        """
        services.find_analysis(user_of(request), key)
        wish = LandingWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return _told(set_open(user_of(request), key, is_open=wish.validated_data["open"]))


def _told(analysis: Analysis) -> Response:
    told = {"open": analysis.landing, "url": public_url(analysis.slug)}
    return Response(LandingSerializer(told).data)


urlpatterns = [
    path("analyses/<slug:key>/landing", LandingView.as_view(), name="analysis-landing"),
]
