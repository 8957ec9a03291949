"""The API of what is taken out of a campaign: its table, and the table's registration in Rucio."""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import TemporaryFile
from uuid import UUID

from django.http import FileResponse, StreamingHttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility.campaign_dataset_serializers import (
    CampaignDatasetPageSerializer,
    CampaignDatasetSerializer,
    CampaignDatasetWishSerializer,
)
from reproducibility.services.campaigns import datasets, exporting, making
from reproducibility.services.campaigns.exporting import Format
from reproducibility.services.register_checks import Asked
from vre_portal.errors import InvalidRequest

FORMAT = OpenApiParameter(
    "format", str, enum=list(Format), description="CSV unless given; Parquet where the site has it."
)
PARQUET = "application/vnd.apache.parquet"


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class _ByTheView(DefaultContentNegotiation):
    """What `format` says is the view's: problems are told in JSON whatever was asked for."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


class ResultsView(_Part):
    """The table of results."""

    content_negotiation_class = _ByTheView

    @extend_schema(
        operation_id="campaigns_results",
        parameters=[FORMAT],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, PARQUET): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Return a point a row: number, parameters, results, state and seconds."""
        campaign = making.find(user_of(request), pk)
        wanted = request.query_params.get("format", Format.CSV)
        if wanted == Format.PARQUET:
            file = TemporaryFile()  # noqa: SIM115 - the answer closes it
            exporting.write_parquet(campaign, file)
            file.seek(0)
            name = f"campaign-{campaign.pk}.parquet"
            return FileResponse(file, as_attachment=True, filename=name, content_type=PARQUET)
        if wanted != Format.CSV:
            raise InvalidRequest(_("format: it is csv or parquet."), field="format")
        lines = exporting.csv_lines(campaign)
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}.csv"'
        return answer


class CampaignDatasetsView(_Part):
    """The datasets that the table of a campaign became."""

    @extend_schema(operation_id="campaigns_datasets", responses=CampaignDatasetPageSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return how far each registration is, the newest first."""
        found = datasets.of_campaign(making.own(user_of(request), pk))
        items = CampaignDatasetSerializer(found, many=True).data
        return Response({"items": items, "next": None})

    @extend_schema(
        operation_id="campaigns_register",
        request=CampaignDatasetWishSerializer,
        responses={202: CampaignDatasetSerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Have the table put into Rucio as a dataset that says how to make it again.

        Name, quota and metadata are checked before anything moves. 409 with `url` where the table
        is registered as it stands.
        """
        user = user_of(request)
        wish = CampaignDatasetWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wanted = dict(wish.validated_data)
        wanted["dataset"] = wanted["dataset"] or datasets.proposed_name(making.own(user, pk))
        found = datasets.register(user, pk, Asked(**wanted))
        return Response(CampaignDatasetSerializer(found).data, status=202)


class CampaignDatasetView(_Part):
    """One registration of a campaign's table."""

    @extend_schema(operation_id="campaigns_dataset", responses=CampaignDatasetSerializer)
    def get(self, request: Request, pk: UUID, dataset_id: UUID) -> Response:
        """Return how far it is."""
        return Response(
            CampaignDatasetSerializer(datasets.find(user_of(request), pk, dataset_id)).data
        )

    @extend_schema(
        operation_id="campaigns_dataset_retry",
        request=None,
        responses={202: CampaignDatasetSerializer},
    )
    def post(self, request: Request, pk: UUID, dataset_id: UUID) -> Response:
        """Go on with one that failed; what is in Rucio already stays."""
        found = datasets.retry(user_of(request), pk, dataset_id)
        return Response(CampaignDatasetSerializer(found).data, status=202)


urlpatterns = [
    path("campaigns/<uuid:pk>/results", ResultsView.as_view(), name="campaign-results"),
    path("campaigns/<uuid:pk>/datasets", CampaignDatasetsView.as_view(), name="campaign-datasets"),
    path(
        "campaigns/<uuid:pk>/datasets/<uuid:dataset_id>",
        CampaignDatasetView.as_view(),
        name="campaign-dataset",
    ),
]
