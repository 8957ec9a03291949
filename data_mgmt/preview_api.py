"""The API's previews: what the page "Preview" of a file shows, as values."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from data_mgmt import preview_words as words
from data_mgmt import services
from data_mgmt.backends import Did
from data_mgmt.previews.maker import Made
from data_mgmt.previews.options import SCALES, STRETCHES, BadOption, Options
from data_mgmt.previews.values import Said, plain
from data_mgmt.services import previews
from data_mgmt.services.previews import State
from vre_portal.errors import InvalidRequest

WAIT = "1"


class SpentSerializer(serializers.Serializer[Any]):
    """What was read of the file."""

    bytes = serializers.IntegerField()
    ranges = serializers.IntegerField()


class PreviewSerializer(serializers.Serializer[Any]):
    """A preview; a block says its kind: note, pairs, table, tree, picture, histogram and others."""

    state = serializers.ChoiceField([str(state) for state in State])
    format = serializers.CharField()
    reason = serializers.CharField()
    message = serializers.CharField()
    summary = serializers.CharField()
    blocks = serializers.ListField(child=serializers.DictField())
    read = SpentSerializer()


class PreviewView(APIView):
    """A file's preview."""

    area = "data"

    @extend_schema(
        operation_id="data_files_preview",
        parameters=[
            OpenApiParameter("branch", str, description="Key, branch, dataset or column."),
            OpenApiParameter("hdu", int, description="Part of a FITS file, from 0."),
            OpenApiParameter("stretch", str, enum=STRETCHES),
            OpenApiParameter("scale", str, enum=SCALES),
            OpenApiParameter("rows", int, description="Rows of a table, 1 to 200."),
            OpenApiParameter("page", int, description="First page of a PDF, from 1."),
        ],
        responses={200: PreviewSerializer, 202: PreviewSerializer},
        description="Made in the background: 202 with `Retry-After` until it is there.",
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return the preview, or that it is being made."""
        try:
            options = Options.of(request.query_params.dict())
        except BadOption as exc:
            raise InvalidRequest(exc.reason, field=exc.option) from exc
        user, did = user_of(request), Did(scope, name)
        info = services.ask(user, lambda backend, who: backend.get_did(who, did))
        answer = previews.preview(user, info, options)
        if answer.made is None:
            told = preview_json(answer.state, Made(""))
            return Response(told, status=202, headers={"Retry-After": WAIT})
        if answer.made.refused:
            raise InvalidRequest(words.said(answer.made.reason), field=answer.made.refused)
        return Response(preview_json(answer.state, answer.made))


def preview_json(state: State, made: Made) -> dict[str, Any]:
    """Return a preview, or how far it is, as the API tells it."""
    found = made.preview
    told = ("", "") if made.failure is None else words.failure(made)
    return {
        "state": str(state),
        "format": made.format,
        "reason": made.failure or "",
        "message": ". ".join(part.rstrip(".") for part in told if part),
        "summary": words.said(found.summary) if found else "",
        "blocks": [_spoken(plain(block)) for block in found.blocks] if found else [],
        "read": {"bytes": made.read_bytes, "ranges": made.ranges},
    }


def _spoken(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block whose sentences are put together."""
    return {
        name: words.said(Said(**value)) if name == "note" or _is_sentence(value) else value
        for name, value in block.items()
    }


def _is_sentence(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"text", "values"}


urlpatterns = [
    path("data/files/<str:scope>/<path:name>/preview", PreviewView.as_view(), name="data-preview"),
]
