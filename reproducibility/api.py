"""The API of analyses and runs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import (
    campaign_api,
    capture_api,
    compare_api,
    crate_api,
    deposit_api,
    files_api,
    keeping_api,
    landing_api,
    preflight_api,
    services,
    verdict_api,
)
from reproducibility.models import Run
from reproducibility.serializers import (
    AnalysisPageSerializer,
    AnalysisSerializer,
    LogSerializer,
    RunFileSerializer,
    RunPageSerializer,
    RunRequestSerializer,
    RunSerializer,
    VerdictSerializer,
)
from reproducibility.services.verdicts import whole
from vre_portal.errors import Conflict
from vre_portal.paging import PAGE_PARAMETERS, page


class WorkflowsPart(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class AnalysesView(capture_api.CaptureStart):
    """Published analyses, and the way to a new one."""

    @extend_schema(
        operation_id="analyses_list",
        parameters=PAGE_PARAMETERS,
        responses=AnalysisPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the analyses that one may see, newest first."""
        rows = services.visible_analyses(user_of(request)).with_parts()
        items, following = page(rows, request)
        return Response({"items": AnalysisSerializer(items, many=True).data, "next": following})


class AnalysisView(capture_api.AnalysisChange):
    """One analysis, by id or slug."""

    @extend_schema(responses=AnalysisSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return one analysis."""
        return Response(AnalysisSerializer(services.find_analysis(user_of(request), key)).data)


class AnalysisRunsView(WorkflowsPart):
    """The runs of an analysis."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=RunPageSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Return one's own runs of an analysis, newest first."""
        user = user_of(request)
        analysis = services.find_analysis(user, key)
        rows = Run.objects.visible_to(user).filter(analysis=analysis)
        return _page_of_runs(rows.listed(), request)

    @extend_schema(request=RunRequestSerializer, responses={202: RunSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Start a reproduction, or with other parameters or inputs a variation."""
        wish = RunRequestSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        user = user_of(request)
        run = services.start_run(
            user,
            services.find_analysis(user, key),
            parameters=wish.validated_data["parameters"],
            inputs=wish.validated_data["replaced_inputs"],
        )
        return Response(RunSerializer(run).data, status=202)


class RunsView(WorkflowsPart):
    """All runs."""

    @extend_schema(
        operation_id="runs_list", parameters=PAGE_PARAMETERS, responses=RunPageSerializer
    )
    def get(self, request: Request) -> Response:
        """Return one's own runs, newest first."""
        return _page_of_runs(Run.objects.visible_to(user_of(request)).listed(), request)


def _page_of_runs(rows: QuerySet[Run], request: Request) -> Response:
    items, following = page(rows, request)
    return Response({"items": RunSerializer(items, many=True).data, "next": following})


class RunView(WorkflowsPart):
    """One run."""

    @extend_schema(responses=RunSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return one run."""
        return Response(RunSerializer(services.find_run(user_of(request), run_id)).data)


class RunLogsView(WorkflowsPart):
    """What a run said."""

    @extend_schema(responses=LogSerializer(many=True))
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the log of each command."""
        run = services.find_run(user_of(request), run_id)
        return Response(LogSerializer(run.logs, many=True).data)


class RunFilesView(WorkflowsPart):
    """What a run gave."""

    @extend_schema(responses=RunFileSerializer(many=True))
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the outputs."""
        run = services.find_run(user_of(request), run_id)
        return Response(RunFileSerializer(run.outputs.defer("content"), many=True).data)


class RunVerdictView(WorkflowsPart):
    """The verdict on a run."""

    @extend_schema(responses=VerdictSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the verdict; 409 before there is one."""
        run = services.find_run(user_of(request), run_id)
        if run.verdict is None:
            raise Conflict(f"There is no verdict: the run is {run.state}.")
        return Response(VerdictSerializer(whole(run)).data)


class RunStopView(WorkflowsPart):
    """Stop a run."""

    @extend_schema(request=None, responses={202: RunSerializer})
    def post(self, request: Request, run_id: UUID) -> Response:
        """Ask the run to stop."""
        return Response(RunSerializer(services.stop_run(user_of(request), run_id)).data, status=202)


class RunRestartView(WorkflowsPart):
    """Start a run again."""

    @extend_schema(request=None, responses={202: RunSerializer})
    def post(self, request: Request, run_id: UUID) -> Response:
        """Start a new run with the same parameters and inputs."""
        return Response(RunSerializer(services.again(user_of(request), run_id)).data, status=202)


urlpatterns = [
    *campaign_api.urlpatterns,
    *capture_api.urlpatterns,
    *verdict_api.urlpatterns,
    *files_api.urlpatterns,
    *keeping_api.urlpatterns,
    *compare_api.urlpatterns,
    *crate_api.urlpatterns,
    *deposit_api.urlpatterns,
    *landing_api.urlpatterns,
    path("analyses", AnalysesView.as_view(), name="analyses"),
    path("analyses/<slug:key>", AnalysisView.as_view(), name="analysis"),
    path(
        "analyses/<slug:key>/preflight",
        preflight_api.PreflightView.as_view(),
        name="analysis-preflight",
    ),
    path("analyses/<slug:key>/runs", AnalysisRunsView.as_view(), name="analysis-runs"),
    path("runs", RunsView.as_view(), name="runs"),
    path("runs/<uuid:run_id>", RunView.as_view(), name="run"),
    path("runs/<uuid:run_id>/logs", RunLogsView.as_view(), name="run-logs"),
    path("runs/<uuid:run_id>/files", RunFilesView.as_view(), name="run-files"),
    path("runs/<uuid:run_id>/verdict", RunVerdictView.as_view(), name="run-verdict"),
    path("runs/<uuid:run_id>/stop", RunStopView.as_view(), name="run-stop"),
    path("runs/<uuid:run_id>/restart", RunRestartView.as_view(), name="run-restart"),
]
