"""The API of campaigns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from uuid import UUID

from django.http import StreamingHttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import services
from reproducibility.campaign_serializers import (
    CampaignPageSerializer,
    CampaignSerializer,
    CampaignWishSerializer,
    MatrixSerializer,
    PointPageSerializer,
    PointSerializer,
)
from reproducibility.models import Campaign
from reproducibility.services.analyses import is_number
from reproducibility.services.campaigns import looking, making, tables
from reproducibility.services.campaigns.results import Declared
from vre_portal.paging import PAGE_PARAMETERS, page

MOST_POINTS = 500
AFTER = OpenApiParameter("after", int, description="Points behind this number.")
STATE = OpenApiParameter("state", str, description="Only those in this state.")


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class CampaignsView(_Part):
    """One's campaigns."""

    @extend_schema(
        operation_id="campaigns_list", parameters=PAGE_PARAMETERS, responses=CampaignPageSerializer
    )
    def get(self, request: Request) -> Response:
        """Return them, newest first."""
        items, following = page(making.mine(user_of(request)), request)
        return Response({"items": CampaignSerializer(items, many=True).data, "next": following})

    @extend_schema(
        operation_id="campaigns_create",
        request=CampaignWishSerializer,
        responses={201: CampaignSerializer},
    )
    def post(self, request: Request) -> Response:
        """Write a campaign down; nothing of it starts."""
        wish = CampaignWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        user, told = user_of(request), wish.validated_data
        analysis = services.find_analysis(user, told["analysis"])
        version = services.find_version(user, analysis, told["version"])
        made = making.create(
            user,
            version,
            making.Wish(
                points=tables.from_rows(version, told["columns"], told["rows"]),
                title=told["title"],
                source={"kind": "table"},
                results=[Declared(**each) for each in told["results"]],
                at_once=told["at_once"],
                first=told["first"],
                retries=told["retries"],
                priority=told["priority"],
            ),
        )
        return Response(CampaignSerializer(made).data, status=201)


class CampaignView(_Part):
    """One campaign."""

    @extend_schema(operation_id="campaigns_get", responses=CampaignSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return it with the number of points in each state."""
        return Response(CampaignSerializer(making.find(user_of(request), pk)).data)

    @extend_schema(operation_id="campaigns_delete", responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete it with its runs, once it does not go on."""
        making.delete(user_of(request), pk)
        return Response(status=204)


class PointsView(_Part):
    """The points of a campaign."""

    @extend_schema(
        operation_id="campaigns_points", parameters=[AFTER, STATE], responses=PointPageSerializer
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Return at most 500 of them, by number."""
        rows = making.find(user_of(request), pk).points.order_by("number")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        after = request.query_params.get("after", "0")
        rows = rows.filter(number__gt=int(after) if is_number(after) else 0)
        items = list(rows[: MOST_POINTS + 1])
        more = len(items) > MOST_POINTS
        items = items[:MOST_POINTS]
        following = items[-1].number if more else None
        return Response({"items": PointSerializer(items, many=True).data, "next": following})


class MatrixView(_Part):
    """All points of a campaign at a glance."""

    @extend_schema(operation_id="campaigns_matrix", responses=MatrixSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the state of each point as one letter, in the order of the table."""
        return Response({"letters": looking.letters(making.find(user_of(request), pk))})


class ResultsView(_Part):
    """The table of results."""

    @extend_schema(
        operation_id="campaigns_results",
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Return a CSV, a point a row: number, parameters, results, state and seconds."""
        campaign = making.find(user_of(request), pk)
        answer = StreamingHttpResponse(_csv(campaign), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}.csv"'
        return answer


class _Line:
    """What `csv` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(campaign: Campaign) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(looking.columns_of(campaign))
    for row in looking.rows_of(campaign):
        yield writer.writerow(row)


class CampaignActView(_Part):
    """Something that is done with a campaign."""

    act: making.Act = staticmethod(making.go_on)

    @extend_schema(request=None, responses={202: CampaignSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Do it, and return the campaign as it is then."""
        return Response(CampaignSerializer(self.act(user_of(request), pk)).data, status=202)


#: What can be done with a campaign, by the last part of its address.
ACTS: Mapping[str, making.Act] = {
    "start": making.go_on,
    "pause": making.pause,
    "resume": making.go_on,
    "cancel": making.cancel,
    "retry": making.retry_failed,
}

urlpatterns = [
    path("campaigns", CampaignsView.as_view(), name="campaigns"),
    path("campaigns/<uuid:pk>", CampaignView.as_view(), name="campaign"),
    path("campaigns/<uuid:pk>/points", PointsView.as_view(), name="campaign-points"),
    path("campaigns/<uuid:pk>/matrix", MatrixView.as_view(), name="campaign-matrix"),
    path("campaigns/<uuid:pk>/results", ResultsView.as_view(), name="campaign-results"),
    *(
        path(
            f"campaigns/<uuid:pk>/{name}", CampaignActView.as_view(act=act), name=f"campaign-{name}"
        )
        for name, act in ACTS.items()
    ),
]
