"""The API of signed verdicts and of scheduled verification."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import services
from reproducibility.badge_api import BadgeView
from reproducibility.services import signing, verifying
from reproducibility.verdict_serializers import (
    ListedVerdictSerializer,
    ScheduleSerializer,
    SignedVerdictSerializer,
    VerdictPageSerializer,
    VerificationSerializer,
)
from vre_portal.paging import PAGE_PARAMETERS, page


class VerdictsPart(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class SignedVerdictView(VerdictsPart):
    """One signed verdict."""

    @extend_schema(operation_id="verdict", responses=SignedVerdictSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a statement with its signature."""
        found = signing.find_verdict(user_of(request), pk)
        return Response(SignedVerdictSerializer(found).data)


class AnalysisVerdictsView(VerdictsPart):
    """The verdicts on an analysis."""

    @extend_schema(
        operation_id="analysis_verdicts",
        parameters=PAGE_PARAMETERS,
        responses=VerdictPageSerializer,
    )
    def get(self, request: Request, key: str) -> Response:
        """Return everybody's signed verdicts on an analysis, newest first, without whose."""
        user = user_of(request)
        rows = signing.verdicts_of(user, services.find_analysis(user, key))
        items, following = page(rows, request, by="signed_at")
        listed = ListedVerdictSerializer(items, many=True).data
        return Response({"items": listed, "next": following})


class VerificationView(VerdictsPart):
    """How an analysis stands, and how often it is verified by itself."""

    @extend_schema(operation_id="analysis_verification", responses=VerificationSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return how an analysis stands; its schedule is for its owner."""
        return _told(request, key)

    @extend_schema(
        operation_id="analysis_verification_change",
        request=ScheduleSerializer,
        responses=VerificationSerializer,
    )
    def patch(self, request: Request, key: str) -> Response:
        """Let one's own analysis be verified every so many days, or with null no longer."""
        analysis = services.find_analysis(user_of(request), key)
        wish = ScheduleSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        verifying.set_schedule(user_of(request), analysis, wish.validated_data["every_days"])
        return _told(request, key)


def _told(request: Request, key: str) -> Response:
    user = user_of(request)
    analysis = services.find_analysis(user, key)
    return Response(VerificationSerializer(analysis, context={"user": user}).data)


urlpatterns = [
    path("verdicts/<uuid:pk>", SignedVerdictView.as_view(), name="verdict"),
    path("analyses/<slug:key>/badge.svg", BadgeView.as_view(), name="analysis-badge"),
    path("analyses/<slug:key>/verdicts", AnalysisVerdictsView.as_view(), name="analysis-verdicts"),
    path(
        "analyses/<slug:key>/verification", VerificationView.as_view(), name="analysis-verification"
    ),
]
