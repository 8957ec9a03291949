"""The API's addresses of contents, for its schema: the stream server answers them before."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vre_portal.errors import UpstreamUnavailable

RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="One range of bytes.")


def _bytes(content_type: str) -> Any:
    return {(200, content_type): OpenApiTypes.BINARY}


class _Elsewhere(APIView):
    """An address that `vre_portal.downloads` answers (docs/operations.md)."""

    area = "data"

    def elsewhere(self) -> Response:
        """Say that another server has it."""
        raise UpstreamUnavailable(
            "Downloads come from the portal's stream server, to which this address did not lead."
            " Tell the operators."
        )


class ContentView(_Elsewhere):
    """A file's bytes."""

    @extend_schema(
        operation_id="data_files_content",
        parameters=[RANGE],
        responses={**_bytes("application/octet-stream"), 206: OpenApiTypes.BINARY},
        description="The whole file or one range of it, with its checksum in `Repr-Digest`.",
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a file."""
        return self.elsewhere()


class ZipView(_Elsewhere):
    """Files as a ZIP."""

    @extend_schema(
        operation_id="data_zip",
        responses=_bytes("application/zip"),
        description="All files below it, stored, with the checksums in `MANIFEST.txt`.",
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a ZIP."""
        return self.elsewhere()


class MetalinkView(_Elsewhere):
    """Files as a metalink."""

    @extend_schema(
        operation_id="data_metalink",
        responses=_bytes("application/metalink4+xml"),
        description="All files below it with sizes, checksums and addresses (RFC 5854).",
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a metalink."""
        return self.elsewhere()


class BasketZipView(_Elsewhere):
    """What is in the basket as a ZIP."""

    @extend_schema(operation_id="data_basket_zip", responses=_bytes("application/zip"))
    def get(self, request: Request) -> Response:
        """Return a ZIP."""
        return self.elsewhere()


class BasketMetalinkView(_Elsewhere):
    """What is in the basket as a metalink."""

    @extend_schema(
        operation_id="data_basket_metalink", responses=_bytes("application/metalink4+xml")
    )
    def get(self, request: Request) -> Response:
        """Return a metalink."""
        return self.elsewhere()


_DID = "data/dids/<str:scope>/<path:name>"
urlpatterns = [
    path("data/files/<str:scope>/<path:name>/content", ContentView.as_view(), name="data-content"),
    path(f"{_DID}/zip", ZipView.as_view(), name="data-zip"),
    path(f"{_DID}/metalink", MetalinkView.as_view(), name="data-metalink"),
    path("data/basket/zip", BasketZipView.as_view(), name="data-basket-zip"),
    path("data/basket/metalink", BasketMetalinkView.as_view(), name="data-basket-metalink"),
]
