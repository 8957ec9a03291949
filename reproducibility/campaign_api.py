"""The API of campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import campaign_dataset_api, services
from reproducibility.campaign_serializers import (
    CampaignChangeSerializer,
    CampaignPageSerializer,
    CampaignPreviewSerializer,
    CampaignSerializer,
    CampaignTableSerializer,
    CampaignWishSerializer,
    ComparisonSerializer,
    MatrixSerializer,
    PointPageSerializer,
    PointSerializer,
)
from reproducibility.campaign_tables import FIELD, Files, table_of
from reproducibility.models import AnalysisVersion
from reproducibility.points.plans import Plan, Way
from reproducibility.services.analyses import is_number
from reproducibility.services.campaigns import citing, looking, making, previewing, sources
from reproducibility.services.campaigns.again import again, comparison, repeated
from reproducibility.services.campaigns.results import Declared
from reproducibility.services.campaigns.sources import Brought
from vre_portal.errors import InvalidRequest, NotFound
from vre_portal.paging import PAGE_PARAMETERS, page

MOST_POINTS = 500
AFTER = OpenApiParameter("after", int, description="Points behind this number.")
STATE = OpenApiParameter("state", str, description="Only those in this state.")
PARSERS = (JSONParser, MultiPartParser, FormParser)
WISHES = {
    "application/json": CampaignWishSerializer,
    "multipart/form-data": CampaignTableSerializer,
}


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class CampaignsView(_Part):
    """One's campaigns."""

    parser_classes = PARSERS

    @extend_schema(
        operation_id="campaigns_list",
        parameters=[*PAGE_PARAMETERS, STATE],
        responses=CampaignPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return them, newest first."""
        rows = making.mine(user_of(request))
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        items, following = page(rows, request)
        return Response({"items": CampaignSerializer(items, many=True).data, "next": following})

    @extend_schema(
        operation_id="campaigns_create", request=WISHES, responses={201: CampaignSerializer}
    )
    def post(self, request: Request) -> Response:
        """Write a campaign down; nothing of it starts."""
        with _wished(request) as (version, wish):
            made = making.create(user_of(request), version, wish)
        return Response(CampaignSerializer(made).data, status=201)


class PreviewView(_Part):
    """A campaign before it is made."""

    parser_classes = PARSERS

    @extend_schema(
        operation_id="campaigns_preview", request=WISHES, responses={200: CampaignPreviewSerializer}
    )
    def post(self, request: Request) -> Response:
        """Return what a campaign would be and may cost; nothing is written."""
        with _wished(request) as (version, wish):
            found = previewing.preview(user_of(request), version, wish)
        return Response(CampaignPreviewSerializer(found).data)


@contextmanager
def _wished(request: Request) -> Iterator[tuple[AnalysisVersion, making.Wish]]:
    """Yield the version and what is wanted of it; raises every fault of a table together."""
    is_form = not str(request.content_type).startswith("application/json")
    serializer = CampaignTableSerializer if is_form else CampaignWishSerializer
    with table_of(request._request) as files:
        told = serializer(data=_with(request, files))
        told.is_valid(raise_exception=True)
        user, wanted = user_of(request), told.validated_data
        analysis = services.find_analysis(user, wanted["analysis"])
        version = services.find_version(user, analysis, wanted["version"])
        brought = _brought(version, wanted)
        yield (
            version,
            making.Wish(
                points=brought.points,
                title=wanted["title"],
                source=brought.source,
                results=[Declared(**each) for each in wanted["results"]],
                at_once=wanted["at_once"],
                first=wanted["first"],
                retries=wanted["retries"],
                priority=wanted["priority"],
            ),
        )


def _with(request: Request, files: Files) -> Any:
    """Return what was sent, with the table that was taken from the stream."""
    if not files or FIELD in request.data:
        return request.data
    together = request.data.copy()
    together.update(files)
    return together


def _brought(version: AnalysisVersion, wanted: Mapping[str, Any]) -> Brought:
    if file := wanted.get(FIELD):
        return sources.from_file(version, file, str(file.name))
    is_plan, is_rows = "plan" in wanted, "columns" in wanted and "rows" in wanted
    if is_plan == is_rows or (is_plan and {"columns", "rows"} & set(wanted)):
        words = _("Give a plan, or columns and rows, or a file: exactly one of them.")
        raise InvalidRequest(words, field="plan")
    if is_rows:
        return sources.from_rows(version, wanted["columns"], wanted["rows"])
    told = wanted["plan"]
    plan = Plan(Way(told["way"]), told["fields"], points=told["points"], seed=told["seed"])
    return sources.from_plan(version, plan)


class CampaignView(_Part):
    """One campaign."""

    @extend_schema(operation_id="campaigns_get", responses=CampaignSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return it with the number of points in each state."""
        return Response(CampaignSerializer(making.find(user_of(request), pk)).data)

    @extend_schema(
        operation_id="campaigns_change",
        request=CampaignChangeSerializer,
        responses=CampaignSerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change whose turn comes first, and how many runs go on at the same time."""
        wish = CampaignChangeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        changed = making.change(user_of(request), pk, **wish.validated_data)
        return Response(CampaignSerializer(changed).data)

    @extend_schema(operation_id="campaigns_delete", responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete it, once it does not go on; its runs and their files at the service follow."""
        making.delete(user_of(request), pk)
        return Response(status=204)


class PointsView(_Part):
    """The points of a campaign."""

    @extend_schema(
        operation_id="campaigns_points", parameters=[AFTER, STATE], responses=PointPageSerializer
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Return at most 500 of them, by number."""
        user = user_of(request)
        campaign = making.find(user, pk)
        rows = campaign.points.order_by("number")
        if state := request.query_params.get("state"):
            rows = rows.filter(state=state)
        after = request.query_params.get("after", "0")
        rows = rows.filter(number__gt=int(after) if is_number(after) else 0)
        items = list(rows[: MOST_POINTS + 1])
        more = len(items) > MOST_POINTS
        items = items[:MOST_POINTS]
        following = items[-1].number if more else None
        context = {"is_mine": campaign.user_id == user.pk}
        told = PointSerializer(items, many=True, context=context).data
        return Response({"items": told, "next": following})


class MatrixView(_Part):
    """All points of a campaign at a glance."""

    @extend_schema(operation_id="campaigns_matrix", responses=MatrixSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the state of each point as one letter, in the order of the table."""
        return Response({"letters": looking.letters(making.find(user_of(request), pk))})


class ComparisonView(_Part):
    """A campaign that was made again, beside the one before."""

    @extend_schema(operation_id="campaigns_comparison", responses=ComparisonSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return whether its points gave the same, once both have finished."""
        user = user_of(request)
        campaign = making.find(user, pk)
        found = comparison(campaign, repeated(user, campaign))
        if found is None:
            raise NotFound(_("There is nothing to compare: it repeats none, or has not finished."))
        return Response(ComparisonSerializer(found).data)


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
    "again": again,
    "show": citing.show,
    "hide": citing.hide,
}

urlpatterns = [
    path("campaigns", CampaignsView.as_view(), name="campaigns"),
    path("campaigns/preview", PreviewView.as_view(), name="campaigns-preview"),
    path("campaigns/<uuid:pk>", CampaignView.as_view(), name="campaign"),
    path("campaigns/<uuid:pk>/points", PointsView.as_view(), name="campaign-points"),
    path("campaigns/<uuid:pk>/matrix", MatrixView.as_view(), name="campaign-matrix"),
    path("campaigns/<uuid:pk>/comparison", ComparisonView.as_view(), name="campaign-comparison"),
    *campaign_dataset_api.urlpatterns,
    *(
        path(
            f"campaigns/<uuid:pk>/{name}", CampaignActView.as_view(act=act), name=f"campaign-{name}"
        )
        for name, act in ACTS.items()
    ),
]
