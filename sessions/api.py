"""The API of sessions and the broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.rest import user_of
from sessions import broker, builds_api, card_api, files_api, services, sharing_api
from sessions.data_pages import requests_of
from sessions.environment_api import EnvironmentsView
from sessions.models import SessionState
from sessions.serializers import (
    BrokerWishSerializer,
    LaunchSerializer,
    LoanSerializer,
    OpenDatasetSerializer,
    RepositorySerializer,
    SessionPageSerializer,
    SessionSerializer,
    repository_of,
)
from sessions.services.origins import resolve
from vre_portal.errors import InvalidRequest
from vre_portal.logs import client_address
from vre_portal.paging import PAGE_PARAMETERS, page


class SessionsPart(APIView):
    """A part of the API that tokens open by the scope `sessions`."""

    area = "sessions"


class SessionsView(SessionsPart):
    """Your sessions."""

    @extend_schema(
        operation_id="sessions_list",
        parameters=[*PAGE_PARAMETERS, OpenApiParameter("state", enum=SessionState.values)],
        responses=SessionPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return your sessions, newest first."""
        rows = services.visible_to(user_of(request))
        if state := request.GET.get("state"):
            rows = rows.filter(state=_known_state(state))
        items, following = page(rows, request)
        known = {"requests": requests_of(items)}
        shown = SessionSerializer(items, many=True, context=known).data
        return Response({"items": shown, "next": following})

    @extend_schema(request=LaunchSerializer, responses={202: SessionSerializer})
    def post(self, request: Request) -> Response:
        """Launch a session; follow its `state` at its own address or by websocket."""
        wish = LaunchSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        wanted = wish.validated_data
        session = services.launch(
            user_of(request),
            environment=wanted["environment"],
            options=wanted["options"],
            name=wanted["name"],
            keep_alive=wanted["keep_alive"],
            **_contents(user_of(request), wanted),
        )
        return Response(SessionSerializer(session).data, status=202)


class SessionView(SessionsPart):
    """One session."""

    @extend_schema(responses=SessionSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the session."""
        return Response(SessionSerializer(services.get(user_of(request), pk)).data)

    @extend_schema(request=card_api.ChangeSerializer, responses=SessionSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Rename it, or say whether kernels that work keep it alive."""
        return card_api.changed(request, pk)

    @extend_schema(responses={202: SessionSerializer, 204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Stop it while it runs (202); take it off the list once it has ended (204)."""
        session = services.get(user_of(request), pk)
        if session.is_active:
            return Response(SessionSerializer(services.stop(session)).data, status=202)
        services.remove(session)
        return Response(status=204)


class StopView(SessionsPart):
    """Stopping a session."""

    @extend_schema(request=None, responses={202: SessionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop the session, or cancel its start."""
        session = services.stop(services.get(user_of(request), pk))
        return Response(SessionSerializer(session).data, status=202)


class OpenDatasetView(SessionsPart):
    """A dataset in a session that runs."""

    @extend_schema(request=OpenDatasetSerializer, responses=SessionSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Put a notebook that reads the dataset into the session; `url` then opens it."""
        session = services.get(user_of(request), pk)
        wish = OpenDatasetSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        asked = wish.validated_data
        session = services.open_dataset(session, asked["did"], bring=asked["bring"])
        return Response(SessionSerializer(session).data)


class RepositoryView(SessionsPart):
    """A Git repository in a session that runs."""

    @extend_schema(request=RepositorySerializer, responses={202: SessionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Have the session fetch a Git repository; `repository` tells how far that is."""
        session = services.get(user_of(request), pk)
        wish = RepositorySerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        session = services.fetch_repository(session, repository_of(wish.validated_data))
        return Response(SessionSerializer(session).data, status=202)


class BrokerView(APIView):
    """Fresh tokens for sessions; no cookie and no personal token is looked at."""

    authentication_classes: list[type[BaseAuthentication]] = []
    permission_classes: list[type[BasePermission]] = []

    @extend_schema(request=BrokerWishSerializer, responses=LoanSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Lend a short token of the session's user, shown the session's own hub token."""
        # The token is looked at before the body: strangers learn nothing of what is lent.
        wish = request.data if isinstance(request.data, dict) else {}
        loan = broker.lend(
            request.headers.get("Authorization", ""),
            str(wish.get("audience", "")),
            address=client_address.get(),
        )
        return Response(LoanSerializer(loan).data, headers={"Cache-Control": "no-store"})


def _contents(user: User, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to wait in a session: without data, that of what the session comes from."""
    origin = resolve(user, wanted["origin"]) if wanted["origin"] else None
    given = wanted.get("repository")
    datasets = [wanted["dataset"] or "", *wanted.get("datasets", ())]
    if origin and "datasets" not in wanted and not wanted["dataset"]:
        datasets = [*origin.datasets]
    return {
        "datasets": datasets,
        "repository": repository_of(given) if given else origin and origin.repository,
        "bring": wanted["bring"],
        "origin": origin,
    }


def _known_state(text: str) -> str:
    if text not in SessionState.values:
        known = ", ".join(SessionState.values)
        raise InvalidRequest(f"state: one of {known}.", field="state")
    return text


urlpatterns = [
    path("environments", EnvironmentsView.as_view(), name="environments"),
    path("sessions", SessionsView.as_view(), name="sessions"),
    path("sessions/broker/token", BrokerView.as_view(), name="broker-token"),
    path("sessions/<uuid:pk>", SessionView.as_view(), name="session"),
    path("sessions/<uuid:pk>/stop", StopView.as_view(), name="session-stop"),
    path("sessions/<uuid:pk>/repository", RepositoryView.as_view(), name="session-repository"),
    path("sessions/<uuid:pk>/open-dataset", OpenDatasetView.as_view(), name="session-open-dataset"),
    *builds_api.urlpatterns,
    *card_api.urlpatterns,
    *sharing_api.urlpatterns,
    *files_api.urlpatterns,
]
