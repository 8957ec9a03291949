"""The API of crates: a version of an analysis as a ZIP that other tools read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import path
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility.services import crates

ZIP = "application/zip"


class CrateView(APIView):
    """An analysis as an RO-Crate."""

    area = "workflows"

    @extend_schema(
        operation_id="analysis_crate",
        parameters=[OpenApiParameter("version", str, description="A version's number.")],
        responses={(200, ZIP): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Return a version as a Workflow Run RO-Crate, zipped; the newest where none is named."""
        package = crates.package(user_of(request), key, request.GET.get("version", ""))
        return _answer(request, package)

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """Give the ZIP whatever `Accept` says: there is no other form of it."""
        return super().perform_content_negotiation(request, force=True)


def _answer(request: Request, package: crates.Package) -> HttpResponseBase:
    parts = _pieces(package)
    # Django collects the pieces of the other kind before it sends the first one.
    is_asgi = isinstance(request._request, ASGIRequest)
    answer = StreamingHttpResponse(_awaited(parts) if is_asgi else parts, content_type=ZIP)
    answer["Content-Length"] = str(package.length)
    name = content_disposition_header(as_attachment=True, filename=f"{package.name}.zip")
    answer["Content-Disposition"] = name or "attachment"
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _pieces(package: crates.Package) -> Generator[bytes]:
    yield from crates.pieces(package)


async def _awaited(parts: Generator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces, each made in the thread of the request, which has its database."""
    try:
        while (piece := await sync_to_async(_next)(parts)) is not None:
            yield piece
    finally:
        await sync_to_async(parts.close)()


def _next(parts: Iterator[bytes]) -> bytes | None:
    return next(parts, None)


urlpatterns = [
    path("analyses/<slug:key>/crate", CrateView.as_view(), name="analysis-crate"),
]
