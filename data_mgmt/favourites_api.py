"""The API of what people keep at hand: favourites, recent DIDs, saved searches, the basket."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt import services
from data_mgmt.api import DataView
from data_mgmt.backends import Did
from data_mgmt.models import BasketItem, Favourite, SavedSearch
from data_mgmt.serializers import DidField
from vre_portal.paging import PAGE_PARAMETERS, page

WHICH = OpenApiParameter("did", str, required=True, description="`scope:name`")


class DidWish(serializers.Serializer[Any]):
    """One DID."""

    did = DidField()


class DidsWish(serializers.Serializer[Any]):
    """Several DIDs."""

    dids = serializers.ListField(child=DidField())


class SearchWish(serializers.Serializer[Any]):
    """A search under a name; `query` is that of the data page's address."""

    name = serializers.CharField()
    query = serializers.CharField()


class NameWish(serializers.Serializer[Any]):
    """A name."""

    name = serializers.CharField()


class KeptDidSerializer(serializers.Serializer[Any]):
    """A DID, and since when it is kept, or when it was opened."""

    did = serializers.CharField()
    at = serializers.DateTimeField(source="created_at")


class BasketItemSerializer(KeptDidSerializer):
    """A DID in the basket, with its size as it was when it was put there."""

    did_type = serializers.CharField()
    files = serializers.IntegerField(allow_null=True)
    bytes = serializers.IntegerField(allow_null=True)


class AddedSerializer(serializers.Serializer[Any]):
    """What became of DIDs that were to go into the basket."""

    new = serializers.IntegerField()
    known = serializers.IntegerField()
    missing = serializers.ListField(child=serializers.CharField())


class SavedSearchSerializer(serializers.ModelSerializer[SavedSearch]):
    """A saved search."""

    class Meta:
        model = SavedSearch
        fields = ("id", "name", "query", "created_at")


def _listed(name: str, item: type[serializers.BaseSerializer[Any]]) -> Any:
    return inline_serializer(
        name, {"items": item(many=True), "next": serializers.URLField(allow_null=True)}
    )


def _did_of(request: Request) -> Did:
    return Did.parse(request.query_params.get("did", ""))


class FavouritesView(DataView):
    """Favourites."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=_listed("Favourites", KeptDidSerializer))
    def get(self, request: Request) -> Response:
        """Return a page of your favourites, newest first."""
        rows, more = page(Favourite.objects.visible_to(user_of(request)), request)
        return Response({"items": KeptDidSerializer(rows, many=True).data, "next": more})

    @extend_schema(request=DidWish, responses={201: KeptDidSerializer})
    def post(self, request: Request) -> Response:
        """Star a DID; one that has a star keeps it."""
        wish = DidWish(data=request.data)
        wish.is_valid(raise_exception=True)
        kept = services.star(user_of(request), wish.validated_data["did"])
        return Response(KeptDidSerializer(kept).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[WHICH], responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take the star of a DID."""
        services.unstar(user_of(request), _did_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RecentView(DataView):
    """What was opened lately."""

    @extend_schema(responses=_listed("Recent", KeptDidSerializer))
    def get(self, request: Request) -> Response:
        """Return the DIDs whose pages you opened last."""
        rows = services.recent(user_of(request))
        return Response({"items": KeptDidSerializer(rows, many=True).data, "next": None})

    @extend_schema(request=DidWish, responses={204: None})
    def post(self, request: Request) -> Response:
        """Record that you opened a DID, as its page does."""
        wish = DidWish(data=request.data)
        wish.is_valid(raise_exception=True)
        services.opened(user_of(request), wish.validated_data["did"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Forget what you opened."""
        services.forget_recent(user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SearchesView(DataView):
    """Saved searches."""

    @extend_schema(
        operation_id="data_searches_list",
        parameters=PAGE_PARAMETERS,
        responses=_listed("SavedSearches", SavedSearchSerializer),
    )
    def get(self, request: Request) -> Response:
        """Return a page of your saved searches, newest first."""
        rows, more = page(SavedSearch.objects.visible_to(user_of(request)), request)
        return Response({"items": SavedSearchSerializer(rows, many=True).data, "next": more})

    @extend_schema(request=SearchWish, responses={201: SavedSearchSerializer})
    def post(self, request: Request) -> Response:
        """Save a search; the same search again gets the new name."""
        wish = SearchWish(data=request.data)
        wish.is_valid(raise_exception=True)
        kept = services.save_search(user_of(request), **wish.validated_data)
        return Response(SavedSearchSerializer(kept).data, status=status.HTTP_201_CREATED)


class SearchView(DataView):
    """One saved search."""

    @extend_schema(responses=SavedSearchSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a saved search."""
        return Response(SavedSearchSerializer(services.find_search(user_of(request), pk)).data)

    @extend_schema(request=NameWish, responses=SavedSearchSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Give a saved search another name."""
        found = services.find_search(user_of(request), pk)
        wish = NameWish(data=request.data)
        wish.is_valid(raise_exception=True)
        renamed = services.rename_search(found, wish.validated_data["name"])
        return Response(SavedSearchSerializer(renamed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a saved search."""
        services.find_search(user_of(request), pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class BasketView(DataView):
    """The basket."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=_listed("Basket", BasketItemSerializer))
    def get(self, request: Request) -> Response:
        """Return a page of what is in your basket."""
        rows: list[BasketItem]
        rows, more = page(services.basket.contents(user_of(request)), request)
        return Response({"items": BasketItemSerializer(rows, many=True).data, "next": more})

    @extend_schema(request=DidsWish, responses={201: AddedSerializer})
    def post(self, request: Request) -> Response:
        """Put DIDs into the basket: all, or none when it would hold too many."""
        wish = DidsWish(data=request.data)
        wish.is_valid(raise_exception=True)
        added = services.basket.add(user_of(request), wish.validated_data["dids"])
        return Response(AddedSerializer(added).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("did", str, many=True, description="None: all of them.")],
        responses={204: None},
    )
    def delete(self, request: Request) -> Response:
        """Take DIDs out of the basket, or empty it."""
        dids = [Did.parse(text) for text in request.query_params.getlist("did")]
        if dids:
            services.basket.remove(user_of(request), dids)
        else:
            services.basket.empty(user_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("data/favourites", FavouritesView.as_view(), name="data-favourites"),
    path("data/recent", RecentView.as_view(), name="data-recent"),
    path("data/searches", SearchesView.as_view(), name="data-searches"),
    path("data/searches/<uuid:pk>", SearchView.as_view(), name="data-search"),
    path("data/basket", BasketView.as_view(), name="data-basket"),
]
