"""The API of uploads as far as no bytes pass: tus 1.0, lists, a check of many names at once."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt import tus
from data_mgmt.api import DataView
from data_mgmt.backends import Did
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import own_scope, upload_checks, uploads
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.paging import PAGE_PARAMETERS, page

MOST_CHECKED = 1000
BYTES = {tus.MEDIA_TYPE: OpenApiTypes.BINARY}


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """An upload; sizes in bytes."""

    did = serializers.CharField()
    dataset = serializers.SerializerMethodField()
    received = serializers.SerializerMethodField()

    class Meta:
        model = Upload
        fields = (
            "id", "did", "size", "received", "stored_bytes", "storage", "dataset",
            "lifetime_days", "metadata", "state", "reason", "adler32", "md5", "created_at",
            "updated_at", "finished_at", "expires_at",
        )  # fmt: skip

    def get_received(self, upload: Upload) -> int:
        """Return how many bytes have come."""
        return tus.offset_of(upload)

    def get_dataset(self, upload: Upload) -> str:
        """Return the dataset that it goes into; empty for none."""
        return str(upload.dataset or "")


class _FileSerializer(serializers.Serializer[Any]):
    """A file that might be uploaded."""

    name = serializers.CharField(trim_whitespace=False)
    size = serializers.IntegerField(min_value=0)


class CheckSerializer(serializers.Serializer[Any]):
    """Files that might be uploaded together."""

    scope = serializers.CharField(default="", allow_blank=True)
    storage = serializers.CharField()
    dataset = serializers.CharField(default="", allow_blank=True)
    files = serializers.ListField(
        child=_FileSerializer(), allow_empty=False, max_length=MOST_CHECKED
    )


class TusView(DataView):
    """A part of the API that speaks tus; GET is no word of it and asks for no version."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let a signed-in caller in who speaks the right version."""
        super().initial(request, *args, **kwargs)
        if request.method not in {"GET", "OPTIONS"}:
            self._found(request, **kwargs)
            tus.check_version(request.headers)

    def _found(self, request: Request, **kwargs: Any) -> None:
        """Say first that there is nothing."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Name the version in every answer."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Tus-Resumable", tus.VERSION)
        if answer.status_code == tus.UnknownVersion.status:
            answer.headers["Tus-Version"] = tus.VERSION
        return answer

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """Tell what this server can do."""
        return Response(status=status.HTTP_204_NO_CONTENT, headers=tus.options())


class UploadsView(TusView):
    """Your uploads."""

    @extend_schema(
        operation_id="data_uploads_list",
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("state", str, enum=UploadState.values)],
        responses=inline_serializer(
            "Uploads",
            {
                "items": UploadSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return a page of your uploads, newest first."""
        rows = Upload.objects.visible_to(user_of(request))
        wanted = request.query_params.get("state", "")
        if wanted and wanted not in UploadState.values:
            names = ", ".join(UploadState.values)
            raise InvalidRequest(f"state: give one of {names}.", field="state")
        found, more = page(rows.filter(state=wanted) if wanted else rows, request)
        return Response({"items": UploadSerializer(found, many=True).data, "next": more})

    @extend_schema(
        request=BYTES,
        parameters=[
            OpenApiParameter("Tus-Resumable", str, "header", required=True),
            OpenApiParameter("Upload-Length", int, "header", required=True),
            OpenApiParameter(
                "Upload-Metadata", str, "header", required=True,
                description="`filename`; if wanted `scope`, `dataset`, `storage`, `lifetime`"
                " (days), `checksum` (`adler32:…`, `md5:…`, `sha256:…`), `metadata` (JSON).",
            ),
        ],
        responses={201: None},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Begin an upload (tus creation); with bytes it is creation-with-upload."""
        user = user_of(request)
        upload = uploads.begin(user, tus.wish_of(user, request.headers))
        where = request.build_absolute_uri(f"{request.path}/{upload.pk}")
        told = {**tus.state_of(upload), "Location": where}
        return Response(status=status.HTTP_201_CREATED, headers=told)


class UploadView(TusView):
    """One upload."""

    def _found(self, request: Request, **kwargs: Any) -> None:
        uploads.find(user_of(request), kwargs["pk"])

    @extend_schema(operation_id="data_uploads_retrieve", responses=UploadSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """Return an upload: how far it is, and what became of it."""
        return Response(UploadSerializer(uploads.find(user_of(request), pk)).data)

    def head(self, request: Request, pk: str) -> Response:
        """Tell how far an upload is (tus)."""
        found = uploads.find(user_of(request), pk)
        return Response(status=status.HTTP_200_OK, headers=tus.described(found))

    @extend_schema(
        request=BYTES,
        parameters=[
            OpenApiParameter("Tus-Resumable", str, "header", required=True),
            OpenApiParameter("Upload-Offset", int, "header", required=True),
            OpenApiParameter("Upload-Checksum", str, "header"),
        ],
        responses={204: None},
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Send bytes from an offset on (tus); the ASGI server takes them."""
        tus.check_media_type(request.headers)
        raise PortalError("This server takes no bytes: send uploads to the ASGI server.")

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Throw an upload away (tus termination); what is registered already stays."""
        uploads.remove(uploads.find(user_of(request), pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RetryView(DataView):
    """Trying again."""

    @extend_schema(request=None, responses={202: UploadSerializer})
    def post(self, request: Request, pk: str) -> Response:
        """Try again what failed after the bytes had come."""
        found = uploads.retry(uploads.find(user_of(request), pk))
        return Response(UploadSerializer(found).data, status=status.HTTP_202_ACCEPTED)


class CheckView(DataView):
    """Conflicts before any byte moves."""

    @extend_schema(
        request=CheckSerializer,
        responses=inline_serializer(
            "UploadConflicts",
            {
                "items": inline_serializer(
                    "UploadConflict",
                    {
                        "name": serializers.CharField(),
                        "problem": serializers.CharField(),
                        "url": serializers.CharField(),
                    },
                    many=True,
                )
            },
        ),
    )
    def post(self, request: Request) -> Response:
        """Return those of many files that would be refused, and why."""
        asked = CheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted, user = asked.validated_data, user_of(request)
        scope = wanted["scope"] or own_scope(user)
        wishes = [
            upload_checks.Wish(
                Did(scope, file["name"]),
                file["size"],
                wanted["storage"],
                tus.dataset_of(wanted["dataset"], scope),
            )
            for file in wanted["files"]
        ]
        found = upload_checks.conflicts(user, wishes)
        items = [{"name": c.name, "problem": c.problem, "url": c.url} for c in found]
        return Response({"items": items})


_UPLOADS = "data/uploads"
urlpatterns = [
    path(_UPLOADS, UploadsView.as_view(), name="data-uploads"),
    path(f"{_UPLOADS}/check", CheckView.as_view(), name="data-uploads-check"),
    path(f"{_UPLOADS}/<uuid:pk>", UploadView.as_view(), name="data-upload"),
    path(f"{_UPLOADS}/<uuid:pk>/retry", RetryView.as_view(), name="data-upload-retry"),
]
