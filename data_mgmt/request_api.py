"""The API's replica requests: asked for, followed file by file, changed, ended."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt import serializers as shapes
from data_mgmt import services
from data_mgmt.api import DataView
from data_mgmt.models import ReplicaRequest
from data_mgmt.request_forms import RequestQuery
from data_mgmt.services.estimates import check_copies
from data_mgmt.services.file_states import FILTERS, MOST_FILES
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, limit_of, page

WHEN = ("now", "later")


class ReplicaRequestsView(DataView):
    """The user's requests for copies."""

    @extend_schema(
        operation_id="data_replica_requests_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("state", str, description="A state, or `active` for all under way."),
            OpenApiParameter("storage", str, description="`*` is any text."),
            OpenApiParameter("scope", str, description="`*` is any text."),
            OpenApiParameter("name", str, description="`*` is any text."),
        ],
        responses=inline_serializer(
            "ReplicaRequests",
            {
                "items": shapes.ReplicaRequestSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        """Return a page of requests, newest first."""
        asked = RequestQuery.of(request.query_params)
        mine = ReplicaRequest.objects.visible_to(user_of(request))
        rows, more = page(asked.of_those(mine), request)
        items = shapes.ReplicaRequestSerializer(rows, many=True).data
        return Response({"items": items, "next": more})

    @extend_schema(
        request=shapes.WishSerializer,
        responses={201: shapes.ReplicaRequestSerializer, 200: shapes.ReplicaRequestSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask for a copy; 200 with the request that stands where it is already there."""
        wish = shapes.WishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        values = wish.validated_data
        did, storage = values.pop("did"), values.pop("storage")
        check_copies(values.pop("copies"))
        found = services.ask_one(user_of(request), did, storage, services.Terms(**values))
        where = request.build_absolute_uri(f"{request.path}/{found.request.pk}")
        return Response(
            shapes.ReplicaRequestSerializer(found.request).data,
            status=status.HTTP_201_CREATED if found.is_new else status.HTTP_200_OK,
            headers={"Location": where},
        )


class ReplicaRequestView(DataView):
    """One request."""

    @extend_schema(responses=shapes.ReplicaRequestSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """Return a request."""
        found = services.find(user_of(request), pk)
        services.look_soon(found)
        return Response(shapes.ReplicaRequestSerializer(found).data)

    @extend_schema(
        request=shapes.ChangesSerializer, responses={202: shapes.ReplicaRequestSerializer}
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Change lifetime (from now, null for no end) or comment, or boost what is stuck."""
        found = services.find(user_of(request), pk)
        wish = shapes.ChangesSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        values = wish.validated_data
        changes = services.Changes(keeps_lifetime="lifetime_days" not in values, **values)
        changed = services.change(found, changes)
        answer = shapes.ReplicaRequestSerializer(changed).data
        return Response(answer, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[
            OpenApiParameter("when", str, enum=WHEN, description="`later`: in an hour, by Rucio.")
        ],
        responses={202: shapes.ReplicaRequestSerializer},
    )
    def delete(self, request: Request, pk: str) -> Response:
        """Cancel a request: its rule ends, and copies that nobody else holds are removed."""
        found = services.find(user_of(request), pk)
        when = request.query_params.get("when", "now")
        if when not in WHEN:
            raise InvalidRequest("when: give now or later.", field="when")
        ended = services.end_later(found) if when == "later" else services.cancel(found)
        answer = shapes.ReplicaRequestSerializer(ended).data
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class RequestFilesView(DataView):
    """The files of a request."""

    @extend_schema(
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("state", str, enum=list(FILTERS))],
        responses=inline_serializer(
            "RequestFiles",
            {
                "items": shapes.FileStateSerializer(many=True),
                "next": serializers.URLField(allow_null=True),
            },
        ),
        description=f"At most {MOST_FILES} files a page.",
    )
    def get(self, request: Request, pk: str) -> Response:
        """Return a page of files with state and last error."""
        user = user_of(request)
        found = services.file_states(
            user,
            services.find(user, pk),
            state=request.query_params.get("state", "all"),
            limit=limit_of(request),
            after=request.query_params.get("cursor", ""),
        )
        query = urlencode({**request.query_params.dict(), "cursor": found.next})
        more = f"{request.build_absolute_uri(request.path)}?{query}" if found.next else None
        items = shapes.FileStateSerializer(found.items, many=True).data
        return Response({"items": items, "next": more})


_REQUESTS = "data/replica-requests"
urlpatterns = [
    path(_REQUESTS, ReplicaRequestsView.as_view(), name="data-requests"),
    path(f"{_REQUESTS}/<str:pk>", ReplicaRequestView.as_view(), name="data-request"),
    path(f"{_REQUESTS}/<str:pk>/files", RequestFilesView.as_view(), name="data-request-files"),
]
