"""The API of shares and handovers."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.rest import user_of
from sessions import services
from sessions.handover_views import download
from sessions.serializers import SessionSerializer
from sessions.services import entering_shared, handing_over, opening_handovers, sharing
from sessions.services.recipients import Recipient, recipient
from sessions.sharing_serializers import (
    HandoverPageSerializer,
    HandoverSerializer,
    HandoverWishSerializer,
    OpenedSerializer,
    OpenHandoverSerializer,
    RecipientSerializer,
    SharedPageSerializer,
    SharedSerializer,
    ShareListSerializer,
    ShareSerializer,
    ShareWishSerializer,
)
from vre_portal.paging import PAGE_PARAMETERS, page


class SharingPart(APIView):
    """A part of the API that tokens open by the scope `sessions`."""

    area = "sessions"


def _recipient(user: User, wish: RecipientSerializer) -> Recipient:
    wish.is_valid(raise_exception=True)
    found = wish.validated_data
    return recipient(user, person=found["person"] or "", group=found["group"] or "")


class SharesView(SharingPart):
    """With whom a session of yours is shared."""

    @extend_schema(operation_id="sessions_shares_list", responses=ShareListSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return the shares that stand."""
        found = sharing.shares_of(services.get(user_of(request), pk))
        return Response({"items": ShareSerializer(found, many=True).data, "next": None})

    @extend_schema(request=ShareWishSerializer, responses={201: ShareSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Share the session; the same share given again gets the new time."""
        session = services.get(user_of(request), pk)
        wish = ShareWishSerializer(data=request.data)
        to = _recipient(session.user, wish)
        asked = wish.validated_data
        made = sharing.share(session, to, level=asked["level"], hours=asked["hours"])
        return Response(ShareSerializer(made).data, status=201)


class ShareView(SharingPart):
    """One share of a session of yours."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID, share_id: UUID) -> Response:
        """Take it back: who is in by it is put out at once."""
        session = services.get(user_of(request), pk)
        sharing.revoke(sharing.share_of(session, share_id))
        return Response(status=204)


class SharedView(SharingPart):
    """What others share with you."""

    @extend_schema(
        operation_id="sessions_shared_list",
        parameters=PAGE_PARAMETERS,
        responses=SharedPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the shares that stand for you, newest first."""
        items, following = page(entering_shared.shared_with(user_of(request)), request)
        return Response({"items": SharedSerializer(items, many=True).data, "next": following})


class OpenSharedView(SharingPart):
    """Opening what somebody shares with you."""

    @extend_schema(request=None, responses=OpenedSerializer)
    def post(self, request: Request, share_id: UUID) -> Response:
        """Be let in; open `url` in a browser."""
        return Response({"url": entering_shared.open_shared(user_of(request), share_id)})


class SessionHandoversView(SharingPart):
    """Handing a file of a session over."""

    @extend_schema(request=HandoverWishSerializer, responses={201: HandoverSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Give somebody a copy of a file, at most 10 MiB."""
        session = services.get(user_of(request), pk)
        wish = HandoverWishSerializer(data=request.data)
        to = _recipient(session.user, wish)
        asked = wish.validated_data
        made = handing_over.hand_over(session, asked["path"], to, note=asked["note"])
        return Response(HandoverSerializer(made).data, status=201)


class HandoversView(SharingPart):
    """Files that you gave and were given."""

    @extend_schema(
        operation_id="sessions_handovers_list",
        parameters=PAGE_PARAMETERS,
        responses=HandoverPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return both, newest first."""
        items, following = page(handing_over.all_of(user_of(request)), request)
        return Response({"items": HandoverSerializer(items, many=True).data, "next": following})


class HandoverView(SharingPart):
    """One file that was handed over."""

    @extend_schema(responses=HandoverSerializer)
    def get(self, request: Request, handover_id: UUID) -> Response:
        """Return what it is."""
        found = handing_over.handover_of(user_of(request), handover_id)
        return Response(HandoverSerializer(found).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, handover_id: UUID) -> Response:
        """Withdraw what you gave while nobody has taken it, or delete what you were given."""
        handing_over.delete(user_of(request), handover_id)
        return Response(status=204)


class HandoverContentView(SharingPart):
    """The bytes of a file that was handed over."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, handover_id: UUID) -> HttpResponse:
        """Return the file; it counts as taken then."""
        return download(*handing_over.content_of(user_of(request), handover_id))


class OpenHandoverView(SharingPart):
    """Opening a file that was handed over."""

    @extend_schema(
        request=OpenHandoverSerializer, responses={200: SessionSerializer, 202: SessionSerializer}
    )
    def post(self, request: Request, handover_id: UUID) -> Response:
        """Put it into a session of yours that is ready (200), or launch one with it (202)."""
        wish = OpenHandoverSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        session_id = wish.validated_data["session"]
        session = opening_handovers.open_somewhere(
            user_of(request), handover_id, session_id=str(session_id or "")
        )
        return Response(SessionSerializer(session).data, status=200 if session_id else 202)


urlpatterns = [
    path("sessions/<uuid:pk>/shares", SharesView.as_view(), name="session-shares"),
    path("sessions/<uuid:pk>/shares/<uuid:share_id>", ShareView.as_view(), name="session-share"),
    path("sessions/<uuid:pk>/handovers", SessionHandoversView.as_view(), name="session-handovers"),
    path("sessions/shared", SharedView.as_view(), name="sessions-shared"),
    path("sessions/shared/<uuid:share_id>/open", OpenSharedView.as_view(), name="shared-open"),
    path("sessions/handovers", HandoversView.as_view(), name="handovers"),
    path("sessions/handovers/<uuid:handover_id>", HandoverView.as_view(), name="handover"),
    path(
        "sessions/handovers/<uuid:handover_id>/content",
        HandoverContentView.as_view(),
        name="handover-content",
    ),
    path(
        "sessions/handovers/<uuid:handover_id>/open",
        OpenHandoverView.as_view(),
        name="handover-open",
    ),
]
