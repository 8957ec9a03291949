"""The API of what a run gave: its workspace, contents, previews, and registrations in Rucio."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from data_mgmt import preview_words as words
from data_mgmt.preview_api import WAIT, PreviewSerializer, preview_json
from data_mgmt.previews.maker import Made
from data_mgmt.previews.options import BadOption, Options
from reproducibility import services
from reproducibility.files_serializers import (
    RegisterSerializer,
    RegistrationPageSerializer,
    RegistrationSerializer,
    WorkspaceSerializer,
)
from reproducibility.registering_forms import proposed_name
from reproducibility.services import file_previews, registering, run_contents, workspace
from reproducibility.services.register_checks import Asked
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

PATH = OpenApiParameter("path", str, description="In the workspace, without a slash before it.")
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes.")


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class WorkspaceView(_Part):
    """The files of a run."""

    @extend_schema(operation_id="runs_workspace", parameters=[PATH], responses=WorkspaceSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return what is in a folder of the workspace, all of it unless `path` names one."""
        run = services.find_run(user_of(request), run_id)
        where = workspace.checked(request.query_params.get("path", ""))
        there = workspace.read(run)
        there.look(where)
        return Response(WorkspaceSerializer({"items": there.browse(where), "next": None}).data)


class _Streamed(_Part):
    """Bytes: the stream server answers before this is asked."""

    def _elsewhere(self, request: Request, run_id: UUID) -> Response:
        services.find_run(user_of(request), run_id)
        raise UpstreamUnavailable(
            "Files come by the portal's stream server, to which this address did not lead."
            " Tell the operators."
        )


class ContentView(_Streamed):
    """The bytes of a run's file."""

    @extend_schema(
        operation_id="runs_files_content",
        parameters=[PATH, RANGE],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            206: OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return a file, or one range of it."""
        return self._elsewhere(request, run_id)


class ArchiveView(_Streamed):
    """The files of a run as a ZIP."""

    @extend_schema(
        operation_id="runs_archive",
        parameters=[PATH],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return a folder as a ZIP, the whole workspace unless `path` names one."""
        return self._elsewhere(request, run_id)


class RunPreviewView(_Part):
    """A preview of a run's file."""

    @extend_schema(
        operation_id="runs_files_preview",
        parameters=[PATH],
        responses={200: PreviewSerializer, 202: PreviewSerializer},
        description="Made in the background: 202 with `Retry-After` until it is there. Takes the "
        "options of the previews of data.",
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the preview, or that it is being made."""
        try:
            options = Options.of(request.query_params.dict())
        except BadOption as exc:
            raise InvalidRequest(exc.reason, field=exc.option) from exc
        where = request.query_params.get("path", "")
        content = run_contents.content(user_of(request), run_id, where)
        answer = file_previews.of_run(content, options)
        if answer.made is None:
            waiting = preview_json(answer.state, Made(""))
            return Response(waiting, status=202, headers={"Retry-After": WAIT})
        if answer.made.refused:
            raise InvalidRequest(words.said(answer.made.reason), field=answer.made.refused)
        return Response(preview_json(answer.state, answer.made))


class RegisterView(_Part):
    """The registrations of a run in Rucio."""

    @extend_schema(operation_id="runs_registrations", responses=RegistrationPageSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return how far each registration of the run is, the newest first."""
        run = services.find_run(user_of(request), run_id)
        items = RegistrationSerializer(registering.of_run(run), many=True).data
        return Response({"items": items, "next": None})

    @extend_schema(
        operation_id="runs_register",
        request=RegisterSerializer,
        responses={202: RegistrationSerializer},
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Have files of the run put into Rucio as a dataset that says what made it.

        Names, quota and metadata are checked before anything moves. 409 with `url` where one of the
        files is registered already.
        """
        user = user_of(request)
        wish = RegisterSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wanted = dict(wish.validated_data)
        run = services.find_run(user, run_id)
        wanted["dataset"] = wanted["dataset"] or proposed_name(run)
        asked = Asked(**{**wanted, "files": tuple(wanted["files"])})
        found = registering.register(user, run_id, asked)
        return Response(RegistrationSerializer(found).data, status=202)


class RegistrationView(_Part):
    """One registration."""

    @extend_schema(operation_id="runs_registration", responses=RegistrationSerializer)
    def get(self, request: Request, run_id: UUID, pk: UUID) -> Response:
        """Return how far it is."""
        found = registering.find(user_of(request), run_id, pk)
        return Response(RegistrationSerializer(found).data)

    @extend_schema(
        operation_id="runs_registration_retry",
        request=None,
        responses={202: RegistrationSerializer},
    )
    def post(self, request: Request, run_id: UUID, pk: UUID) -> Response:
        """Go on with one that failed; what is in Rucio already stays."""
        found = registering.retry(user_of(request), run_id, pk)
        return Response(RegistrationSerializer(found).data, status=202)


urlpatterns = [
    path("runs/<uuid:run_id>/workspace", WorkspaceView.as_view(), name="run-workspace"),
    path("runs/<uuid:run_id>/files/content", ContentView.as_view(), name="run-content"),
    path("runs/<uuid:run_id>/files/preview", RunPreviewView.as_view(), name="run-preview"),
    path("runs/<uuid:run_id>/archive", ArchiveView.as_view(), name="run-archive"),
    path("runs/<uuid:run_id>/register", RegisterView.as_view(), name="run-register"),
    path(
        "runs/<uuid:run_id>/registrations/<uuid:pk>",
        RegistrationView.as_view(),
        name="run-registration",
    ),
]
