"""The API of a session that goes on: extend, restart, rename, keep alive, and what it uses."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from sessions import services
from sessions.serializers import SessionSerializer
from sessions.services.sampling import looked_at
from vre_portal.errors import Conflict


class RestartSerializer(serializers.Serializer[object]):
    """With which options a session starts again; without any, with its own."""

    options = serializers.DictField(child=serializers.CharField(), required=False)


class ChangeSerializer(serializers.Serializer[object]):
    """What of a session that goes on may be changed."""

    name = serializers.CharField(required=False)
    keep_alive = serializers.BooleanField(required=False)


class VolumeSerializer(serializers.Serializer[object]):
    """How full a folder is, in bytes; null where nobody counted or nothing limits it."""

    name = serializers.CharField()
    used = serializers.IntegerField(allow_null=True)
    quota = serializers.IntegerField(allow_null=True)


class SessionUsageSerializer(serializers.Serializer[object]):
    """What a session used at a moment: bytes of memory, per cent of one core."""

    memory = serializers.IntegerField()
    memory_limit = serializers.IntegerField(allow_null=True)
    cpu_percent = serializers.FloatField()
    cpu_limit = serializers.FloatField(allow_null=True)
    home = VolumeSerializer()
    projects = VolumeSerializer(many=True)
    kernels = serializers.IntegerField()
    busy_kernels = serializers.IntegerField()
    keep_alive = serializers.BooleanField()
    at = serializers.DateTimeField()


class CardPart(APIView):
    """A part of the API that tokens open by the scope `sessions`."""

    area = "sessions"


class ExtendView(CardPart):
    """Putting a session's end off."""

    @extend_schema(request=None, responses=SessionSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Count the session as used now and let it live longer, within the site's policy."""
        session = services.extend(services.get(user_of(request), pk))
        return Response(SessionSerializer(session).data)


class RestartView(CardPart):
    """Restarting a session."""

    @extend_schema(request=RestartSerializer, responses={202: SessionSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop the session and start it again under its name, with other options if wanted."""
        wish = RestartSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        session = services.get(user_of(request), pk)
        session = services.restart(session, wish.validated_data.get("options"))
        return Response(SessionSerializer(session).data, status=202)


class UsageView(CardPart):
    """What a session uses."""

    @extend_schema(responses=SessionUsageSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return what the session used when it was last asked, some seconds ago."""
        session = services.get(user_of(request), pk)
        looked_at([str(session.pk)])
        usage = services.usage_of(session)
        if usage is None:
            raise Conflict("The session has not told what it uses yet. Ask again soon.")
        return Response(SessionUsageSerializer(usage).data)


def changed(request: Request, pk: UUID) -> Response:
    """Change a session's name or whether kernels that work keep it alive."""
    session = services.get(user_of(request), pk)
    wish = ChangeSerializer(data=request.data)
    wish.is_valid(raise_exception=True)
    if (name := wish.validated_data.get("name")) is not None:
        services.rename(session, name)
    if (on := wish.validated_data.get("keep_alive")) is not None:
        services.keep_alive(session, on=on)
    return Response(SessionSerializer(session).data)


urlpatterns = [
    path("sessions/<uuid:pk>/extend", ExtendView.as_view(), name="session-extend"),
    path("sessions/<uuid:pk>/restart", RestartView.as_view(), name="session-restart"),
    path("sessions/<uuid:pk>/usage", UsageView.as_view(), name="session-usage"),
]
