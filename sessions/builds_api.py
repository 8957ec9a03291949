"""The API of environments that people make."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from sessions.build_serializers import (
    BuildChangeSerializer,
    BuildLogSerializer,
    BuildPageSerializer,
    BuildSerializer,
    BuildWishSerializer,
)
from sessions.services import builds as services
from vre_portal.paging import PAGE_PARAMETERS, page


class BuildsPart(APIView):
    """A part of the API that tokens open by the scope `sessions`."""

    area = "sessions"


class BuildsView(BuildsPart):
    """Environments of your own, and those that your groups share."""

    @extend_schema(
        operation_id="environments_builds_list",
        parameters=PAGE_PARAMETERS,
        responses=BuildPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return yours and your groups', newest first."""
        items, following = page(services.visible_to(user_of(request)), request)
        return Response({"items": BuildSerializer(items, many=True).data, "next": following})

    @extend_schema(request=BuildWishSerializer, responses={202: BuildSerializer})
    def post(self, request: Request) -> Response:
        """Have one made; follow its `state` at its own address or by websocket."""
        wish = BuildWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        build = services.make(user_of(request), **wish.validated_data)
        return Response(BuildSerializer(build).data, status=202)


class BuildView(BuildsPart):
    """One of them."""

    @extend_schema(responses=BuildSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return how it stands."""
        return Response(BuildSerializer(services.get(user_of(request), pk)).data)

    @extend_schema(request=BuildChangeSerializer, responses=BuildSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Give it another title or description, or share it with groups of yours."""
        build = services.get_own(user_of(request), pk)
        wish = BuildChangeSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        entered = wish.validated_data
        if "groups" in entered:
            services.share(build, entered.pop("groups"))
        if entered:
            services.change_texts(build, **entered)
        return Response(BuildSerializer(build).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take it away; refused (409) while a session runs in it."""
        services.remove(services.get_own(user_of(request), pk))
        return Response(status=204)


class CancelView(BuildsPart):
    """The end of a making."""

    @extend_schema(request=None, responses=BuildSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """End the making with all its processes."""
        build = services.cancel(services.get_own(user_of(request), pk))
        return Response(BuildSerializer(build).data)


class RetryView(BuildsPart):
    """A further try."""

    @extend_schema(request=None, responses={202: BuildSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Have it made again, from the repository as it is now."""
        build = services.retry(services.get_own(user_of(request), pk))
        return Response(BuildSerializer(build).data, status=202)


class LogView(BuildsPart):
    """What the making says."""

    @extend_schema(responses=BuildLogSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the log so far."""
        build = services.get(user_of(request), pk)
        return Response({"state": build.state, "log": build.log})


urlpatterns = [
    path("environments/builds", BuildsView.as_view(), name="builds"),
    path("environments/builds/<uuid:pk>", BuildView.as_view(), name="build"),
    path("environments/builds/<uuid:pk>/cancel", CancelView.as_view(), name="build-cancel"),
    path("environments/builds/<uuid:pk>/retry", RetryView.as_view(), name="build-retry"),
    path("environments/builds/<uuid:pk>/log", LogView.as_view(), name="build-log"),
]
