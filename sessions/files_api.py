"""The API of a session's files, its log and what happened to it."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from sessions import services
from sessions.files_serializers import (
    FileEntrySerializer,
    FolderEntriesSerializer,
    NewFolderSerializer,
    NewPathSerializer,
    SessionEventsSerializer,
    SessionLogSerializer,
)
from sessions.services import files, logs, paths
from vre_portal.errors import InvalidRequest, UpstreamUnavailable

PATH = OpenApiParameter("path", str, description="From the home, without a slash before it.")
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes.")
KEEP = OpenApiParameter(
    "keep", str, enum=["both"], description="Take the next free name where there is such a file."
)
LINES = OpenApiParameter("lines", int, description=f"1 to {logs.MOST_LINES}.")


class _Part(APIView):
    """A part of the API that tokens open by the scope `sessions`."""

    area = "sessions"


class FilesView(_Part):
    """The files of a session that runs; nothing hidden is shown or taken."""

    @extend_schema(
        operation_id="sessions_files", parameters=[PATH], responses=FolderEntriesSerializer
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Return what is in a folder, the home unless `path` names another."""
        session = services.get(user_of(request), pk)
        found = files.browse(session, request.query_params.get("path", ""))
        return Response(FolderEntriesSerializer({"items": found.entries, "next": None}).data)

    @extend_schema(
        operation_id="sessions_files_folder",
        request=NewFolderSerializer,
        responses={201: FileEntrySerializer},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Make a folder."""
        session = services.get(user_of(request), pk)
        wish = NewFolderSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wanted = paths.new_path(wish.validated_data["path"])
        parent, name = paths.parent_of(wanted), wanted.rpartition("/")[2]
        made = files.make_folder(session, parent, name)
        return Response(FileEntrySerializer(made).data, status=201)

    @extend_schema(
        operation_id="sessions_files_rename",
        parameters=[PATH],
        request=NewPathSerializer,
        responses=FileEntrySerializer,
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Give a file or folder another path."""
        session = services.get(user_of(request), pk)
        wish = NewPathSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        where = request.query_params.get("path", "")
        moved = files.rename(session, where, wish.validated_data["to"])
        return Response(FileEntrySerializer(moved).data)

    @extend_schema(operation_id="sessions_files_delete", parameters=[PATH], responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a file, or a folder that is empty."""
        session = services.get(user_of(request), pk)
        files.delete(session, request.query_params.get("path", ""))
        return Response(status=204)


class FileContentView(_Part):
    """The bytes of a session's file: the stream server answers before this is asked."""

    @extend_schema(
        operation_id="sessions_files_content",
        parameters=[PATH, RANGE],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            206: OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a file, or one range of it."""
        return self._elsewhere(request, pk)

    @extend_schema(
        operation_id="sessions_files_upload",
        parameters=[PATH, KEEP],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={201: FileEntrySerializer},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        """Write a new file of at most 2 GiB; one that is there is never replaced (409)."""
        return self._elsewhere(request, pk)

    def _elsewhere(self, request: Request, pk: UUID) -> Response:
        services.get(user_of(request), pk)
        raise UpstreamUnavailable(
            "Files come and go by the portal's stream server, to which this address did not lead."
            " Tell the operators."
        )


class LogView(_Part):
    """A session's log."""

    @extend_schema(operation_id="sessions_log", parameters=[LINES], responses=SessionLogSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the last lines of the log, 200 unless `lines` says otherwise."""
        session = services.get(user_of(request), pk)
        asked = request.query_params.get("lines", str(logs.LINES))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6):
            raise InvalidRequest(f"lines: a number from 1 to {logs.MOST_LINES}.", field="lines")
        lines = logs.log_of(session, lines=int(asked))
        return Response(SessionLogSerializer({"lines": lines}).data)


class EventsView(_Part):
    """What happened to a session."""

    @extend_schema(operation_id="sessions_events", responses=SessionEventsSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return what happened, oldest first."""
        session = services.get(user_of(request), pk)
        return Response(SessionEventsSerializer({"items": session.events, "next": None}).data)


urlpatterns = [
    path("sessions/<uuid:pk>/files", FilesView.as_view(), name="session-files"),
    path("sessions/<uuid:pk>/files/content", FileContentView.as_view(), name="session-content"),
    path("sessions/<uuid:pk>/log", LogView.as_view(), name="session-log"),
    path("sessions/<uuid:pk>/events", EventsView.as_view(), name="session-events"),
]
