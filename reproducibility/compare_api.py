"""The API of two runs side by side, or a run and what was recorded."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.rest import user_of
from reproducibility.compare_serializers import SideBySideSerializer, SidesSerializer
from reproducibility.services import side_by_side, side_contents
from reproducibility.services.side_by_side import Side
from reproducibility.services.side_contents import Contents
from reproducibility.side_rows import sections_of

SIDES = [
    OpenApiParameter("a", OpenApiTypes.UUID, required=True, description="A run or a version."),
    OpenApiParameter("b", OpenApiTypes.UUID, required=True, description="The other one."),
]


class SideBySideView(APIView):
    """Two sides, and a way to have their contents compared."""

    area = "workflows"

    @extend_schema(operation_id="runs_compare", parameters=SIDES, responses=SideBySideSerializer)
    def get(self, request: Request) -> Response:
        """Return what differs, and what is known of the contents of outputs that do."""
        return Response(_told(user_of(request), *_sides(request, request.query_params)))

    @extend_schema(
        operation_id="runs_compare_contents",
        request=SidesSerializer,
        responses={202: SideBySideSerializer},
    )
    def post(self, request: Request) -> Response:
        """Have the contents compared as far as they are not known; asking again changes nothing."""
        wish = SidesSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        user, (left, right) = user_of(request), _sides(request, wish.validated_data)
        side_contents.ask(user, left, right)
        return Response(_told(user, left, right), status=202)


def _sides(request: Request, told: Any) -> tuple[Side, Side]:
    """Return the two sides that a request names; 404 where one is not this person's to see."""
    user = user_of(request)
    left, right = (side_by_side.find_side(user, str(told.get(name, ""))) for name in ("a", "b"))
    return left, right


def _told(user: User, left: Side, right: Side) -> dict[str, Any]:
    contents = side_contents.look(user, left, right)
    found = {
        "a": left,
        "b": right,
        "sections": [
            {
                "key": section.key,
                "differs": section.differs,
                "unknown": section.unknown,
                "rows": section.rows,
                "lines": [line.text for line in section.lines],
            }
            for section in sections_of(left, right, contents.levels)
        ],
        "contents": _contents(contents),
    }
    return dict(SideBySideSerializer(found).data)


def _contents(contents: Contents) -> dict[str, Any]:
    return {
        "state": contents.state,
        "message": contents.job.message if contents.job else "",
        "first": contents.first.key,
        "second": contents.second.key,
        "outputs": [contents.outcomes[path] for path in sorted(contents.outcomes)],
        "problems": [
            {"path": path, "message": words} for path, words in sorted(contents.problems.items())
        ],
        "pending": [pair.path for pair in contents.pending],
        "left_out": contents.left_out,
    }


urlpatterns = [path("runs/compare", SideBySideView.as_view(), name="runs-compare")]
