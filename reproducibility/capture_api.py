"""The API of captures, of what the owner of an analysis changes, and of checking a reana.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.rest import user_of
from reproducibility.capture_archives import archive_of
from reproducibility.capture_serializers import (
    ArchiveWishSerializer,
    CaptureChangeSerializer,
    CaptureSerializer,
    CaptureWishSerializer,
    DescriptionSerializer,
    FaultsSerializer,
    SavedSerializer,
    SourceSerializer,
    SpecificationSerializer,
    authors_in,
)
from reproducibility.models import Analysis, Capture, Source
from reproducibility.serializers import AnalysisSerializer
from reproducibility.services.captures import editing, publishing, saving, starting
from reproducibility.services.captures.incoming import FIELD
from reproducibility.specs.checking import check
from vre_portal.errors import InvalidRequest


class CapturesPart(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class CaptureStart(CapturesPart):
    """Begin to capture an analysis; what lists them adds its own `get`."""

    parser_classes = (JSONParser, MultiPartParser, FormParser)

    @extend_schema(
        operation_id="analyses_capture",
        request={
            "application/json": CaptureWishSerializer,
            "multipart/form-data": ArchiveWishSerializer,
        },
        responses={202: CaptureSerializer},
    )
    def post(self, request: Request) -> Response:
        """Begin to capture an analysis from a source; follow the capture by its id."""
        user = user_of(request)
        with _wish_of(user, request) as (kind, wish):
            key = str(request.data.get("analysis") or "")
            analysis = starting.own_analysis(user, key) if key else None
            capture = starting.start(user, kind, wish, analysis=analysis)
        return Response(CaptureSerializer(capture).data, status=202)


@contextmanager
def _wish_of(user: User, request: Request) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the kind of source and what is wished of it."""
    if str(request.content_type).startswith("application/json"):
        yield _named_in(request)
        return
    with archive_of(user, request._request) as archive:
        if not archive:
            raise InvalidRequest("Send the ZIP as `file`, or a `source` as JSON.", field=FIELD)
        yield str(request.data.get("kind") or Source.ZIP), archive


def _named_in(request: Request) -> tuple[str, dict[str, str]]:
    # The source first, by itself: its faults are told by the names of its own fields.
    told = request.data.get("source") if isinstance(request.data, dict) else None
    source = SourceSerializer(data=told)
    source.is_valid(raise_exception=True)
    CaptureWishSerializer(data=request.data).is_valid(raise_exception=True)
    return source.validated_data["kind"], source.wish()


class CaptureView(CapturesPart):
    """One capture."""

    @extend_schema(responses=CaptureSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return one of one's own captures."""
        return _told(starting.find(user_of(request), pk))

    @extend_schema(request=CaptureChangeSerializer, responses=CaptureSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change the proposal."""
        wish = CaptureChangeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        return _told(editing.change(user_of(request), pk, wish.edits()))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Throw it away; what was saved from it stays."""
        starting.discard(user_of(request), pk)
        return Response(status=204)


def _told(capture: Capture) -> Response:
    return Response(CaptureSerializer(capture).data)


class CaptureSaveView(CapturesPart):
    """Save a capture."""

    @extend_schema(request=None, responses={202: SavedSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Make an analysis, or a new version of it, and start its proof."""
        saved = saving.save(user_of(request), pk)
        return Response(SavedSerializer(saved).data, status=202)


class SpecificationCheckView(CapturesPart):
    """Check a reana.yaml."""

    @extend_schema(request=SpecificationSerializer, responses=FaultsSerializer)
    def post(self, request: Request) -> Response:
        """Return what is wrong in a reana.yaml, line by line; nothing is kept."""
        wish = SpecificationSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        files = dict.fromkeys(told["files"])
        if "capture" in told:
            files |= editing.workspace_of(starting.find(user_of(request), told["capture"]))
        return Response(FaultsSerializer({"faults": check(told["text"], files=files)}).data)


def change_analysis(user: User, key: str, data: Any) -> Analysis:
    """Change the description of an analysis, publish or withdraw it."""
    wish = DescriptionSerializer(data=data)
    wish.is_valid(raise_exception=True)
    told = dict(wish.validated_data)
    published = told.pop("published", None)
    if "authors" in told:
        told["authors"] = authors_in(told["authors"])
    analysis = publishing.describe(user, key, **told)
    if published is not None:
        (publishing.publish if published else publishing.withdraw)(user, str(analysis.pk))
    return publishing.own(user, str(analysis.pk))


class AnalysisChange(CapturesPart):
    """Change an analysis; what returns one adds its own `get`."""

    @extend_schema(request=DescriptionSerializer, responses=AnalysisSerializer)
    def patch(self, request: Request, key: str) -> Response:
        """Change title, summary, licence or authors of one's own; publish or withdraw it."""
        changed = change_analysis(user_of(request), key, request.data)
        return Response(AnalysisSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Delete one of one's own that is not published."""
        publishing.delete(user_of(request), key)
        return Response(status=204)


urlpatterns = [
    path("captures/<uuid:pk>", CaptureView.as_view(), name="capture"),
    path("captures/<uuid:pk>/save", CaptureSaveView.as_view(), name="capture-save"),
    path("specifications/check", SpecificationCheckView.as_view(), name="specification-check"),
]
