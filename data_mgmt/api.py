"""The API's data part: find, look, ask for copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from data_mgmt import collections_api, index_rows, services
from data_mgmt import serializers as shapes
from data_mgmt.backends import Did
from data_mgmt.forms import SearchQuery
from vre_portal.errors import InvalidRequest
from vre_portal.paging import PAGE_PARAMETERS, limit_of

T = TypeVar("T")
MAX_ROWS = 20_000
STREAMS = " With `Accept: application/x-ndjson` the whole list streams, a JSON value a line."


def _listed(name: str, item: type[serializers.BaseSerializer[Any]]) -> Any:
    return inline_serializer(
        name, {"items": item(many=True), "next": serializers.URLField(allow_null=True)}
    )


def _next(request: Request, cursor: str) -> str:
    query = {**request.query_params.dict(), "cursor": cursor}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"


def _cut(
    request: Request, rows: Sequence[T], name_of: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """Return a page of rows that are in the order of their names, and the next address."""
    if len(rows) > MAX_ROWS:
        raise InvalidRequest("This list is too long for pages: ask for application/x-ndjson.")
    limit, cursor = limit_of(request), request.query_params.get("cursor", "")
    rest = [row for row in rows if name_of(row) > cursor]
    more = _next(request, name_of(rest[limit - 1])) if len(rest) > limit else None
    return rest[:limit], more


class DataView(APIView):
    """A part of the API that tokens open by the scope `data`."""

    area = "data"


class ScopesView(DataView):
    """All scopes."""

    @extend_schema(responses=_listed("Scopes", shapes.ScopeSerializer), description=STREAMS)
    def get(self, request: Request) -> Response:
        """Return all scopes."""
        known = services.scopes(user_of(request))
        return Response({"items": [{"scope": scope} for scope in known.value], "next": None})


class DidsView(collections_api.Making, DataView):
    """Search."""

    @extend_schema(
        operation_id="data_dids_list",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("q", str, description="A search in the index, over all scopes."),
            OpenApiParameter("scope", str, description="A scope, asked live; `q` is in its names."),
            OpenApiParameter("name", str, description="Pattern, `*` is any text."),
            OpenApiParameter("type", str, enum=["all", "file", "dataset", "container"]),
            OpenApiParameter("filter", str, description="Metadata: `key=value,key.gte=value`."),
        ],
        responses=_listed("Dids", shapes.DidSerializer),
        description="DIDs by scope and name: of the index by `q`, or of a `scope`." + STREAMS,
    )
    def get(self, request: Request) -> Response:
        """Return a page of DIDs."""
        text = index_rows.asked(request.query_params)
        if text is not None:
            return self._indexed(request, text)
        query = SearchQuery.of(request.query_params)
        found = services.search(
            user_of(request),
            query.scope,
            pattern=query.pattern,
            type=query.type,
            filters=query.filters,
            limit=limit_of(request),
            after=request.query_params.get("cursor") or None,
        )
        items = shapes.DidSerializer(found.items, many=True).data
        return Response(
            {"items": items, "next": _next(request, found.next) if found.next else None}
        )

    def _indexed(self, request: Request, text: str) -> Response:
        cursor = request.query_params.get("cursor", "")
        page = index_rows.find(user_of(request), text, limit=limit_of(request), cursor=cursor).page
        items = shapes.DidSerializer([row.info for row in page.rows], many=True).data
        more = _next(request, ":".join(page.next)) if page.next else None
        return Response({"items": items, "next": more})


class DidView(collections_api.Changing, DataView):
    """One DID."""

    @extend_schema(responses=collections_api.DidWithEmbargoSerializer)
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a DID."""
        did = Did(scope, name)
        info = services.ask(user_of(request), lambda backend, who: backend.get_did(who, did))
        told = collections_api.embargo_told(request, info)
        return Response({**shapes.DidDetailSerializer(info).data, **told})


class ContentsView(collections_api.Filling, DataView):
    """What is directly in a collection."""

    @extend_schema(
        parameters=PAGE_PARAMETERS,
        responses=_listed("Contents", shapes.DidSerializer),
        description=STREAMS,
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a page of a collection."""
        did = Did(scope, name)
        found = services.ask(
            user_of(request),
            lambda backend, who: backend.list_contents(who, did, limit=MAX_ROWS + 1),
        )
        rows, more = _cut(request, found, lambda row: str(row.did))
        return Response({"items": shapes.DidSerializer(rows, many=True).data, "next": more})


class FilesView(DataView):
    """All files below a DID."""

    @extend_schema(
        parameters=PAGE_PARAMETERS,
        responses=_listed("Files", shapes.FileSerializer),
        description=STREAMS,
    )
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return a page of files."""
        did = Did(scope, name)
        found = services.ask(
            user_of(request), lambda backend, who: backend.list_files(who, did, limit=MAX_ROWS + 1)
        )
        rows, more = _cut(request, found, lambda row: str(row.did))
        return Response({"items": shapes.FileSerializer(rows, many=True).data, "next": more})


class ReplicasView(DataView):
    """Where a DID is."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=shapes.ReplicasSerializer)
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return how much is at each storage, and a page of files with their copies."""
        did, user = Did(scope, name), user_of(request)
        where = services.ask(user, lambda backend, who: backend.availability(who, did))
        found = services.ask(
            user, lambda backend, who: backend.list_replicas(who, did, limit=MAX_ROWS + 1)
        )
        rows, more = _cut(request, found, lambda row: str(row.file.did))
        answer = {"storages": where, "items": rows, "next": more}
        return Response(shapes.ReplicasSerializer(answer).data)


class RulesView(DataView):
    """The rules on a DID."""

    @extend_schema(responses=_listed("Rules", shapes.RuleSerializer))
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return the rules of all accounts."""
        did = Did(scope, name)
        found = services.ask(user_of(request), lambda backend, who: backend.rules_of(who, did))
        return Response({"items": shapes.RuleSerializer(found, many=True).data, "next": None})


class ParentsView(DataView):
    """The collections that hold a DID."""

    @extend_schema(responses=_listed("Parents", shapes.ParentSerializer))
    def get(self, request: Request, scope: str, name: str) -> Response:
        """Return the parents."""
        did = Did(scope, name)
        found = services.ask(user_of(request), lambda backend, who: backend.parents(who, did))
        return Response({"items": shapes.ParentSerializer(found, many=True).data, "next": None})


class StoragesView(DataView):
    """All storages."""

    @extend_schema(
        operation_id="data_storages_list", responses=_listed("Storages", shapes.StorageSerializer)
    )
    def get(self, request: Request) -> Response:
        """Return all storages."""
        found = services.storages(user_of(request))
        return Response({"items": shapes.StorageSerializer(found, many=True).data, "next": None})


class UsageView(DataView):
    """The account's own use and limits."""

    @extend_schema(responses=_listed("Usages", shapes.UsageSerializer))
    def get(self, request: Request) -> Response:
        """Return use and limits by storage."""
        found = services.usage(user_of(request))
        return Response({"items": shapes.UsageSerializer(found, many=True).data, "next": None})


class EstimateView(DataView):
    """What a request would do."""

    @extend_schema(request=shapes.EstimateWishSerializer, responses=shapes.EstimateSerializer)
    def post(self, request: Request) -> Response:
        """Return what would move, whether it fits and how long it takes."""
        wish = shapes.EstimateWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        values = wish.validated_data
        found = services.estimate(user_of(request), values.pop("did"), **values)
        return Response(shapes.EstimateSerializer(found).data)


_DID = "data/dids/<str:scope>/<path:name>"
# A name may end like a part ("x/files"): the parts come first, as the API's addresses promise.
urlpatterns = [
    path("data/scopes", ScopesView.as_view(), name="data-scopes"),
    path("data/dids", DidsView.as_view(), name="data-dids"),
    path(f"{_DID}/contents", ContentsView.as_view(), name="data-did-contents"),
    path(f"{_DID}/files", FilesView.as_view(), name="data-did-files"),
    path(f"{_DID}/replicas", ReplicasView.as_view(), name="data-did-replicas"),
    path(f"{_DID}/rules", RulesView.as_view(), name="data-did-rules"),
    path(f"{_DID}/parents", ParentsView.as_view(), name="data-did-parents"),
    path(_DID, DidView.as_view(), name="data-did"),
    path("data/storages", StoragesView.as_view(), name="data-storages"),
    path("data/usage", UsageView.as_view(), name="data-usage"),
    path("data/replica-requests/estimate", EstimateView.as_view(), name="data-estimate"),
]
