"""The API's timeline."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from activity import services
from activity.models import Event
from vre_portal.paging import PAGE_PARAMETERS, page


class ActivityEventSerializer(serializers.ModelSerializer[Event]):
    """One thing that happened."""

    class Meta:
        model = Event
        fields = ("id", "at", "verb", "subject_kind", "subject_id", "text", "level", "url")


class ActivityPageSerializer(serializers.Serializer[object]):
    """A page of events."""

    items = ActivityEventSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ActivityPart(APIView):
    """What concerns the person; tokens may read it."""

    area = "account"


class ActivityView(ActivityPart):
    """What happened."""

    @extend_schema(parameters=PAGE_PARAMETERS, responses=ActivityPageSerializer)
    def get(self, request: Request) -> Response:
        """Return the user's events, newest first."""
        items, following = page(services.visible_to(user_of(request)), request, by="at")
        return Response(
            {"items": ActivityEventSerializer(items, many=True).data, "next": following}
        )


urlpatterns = [path("activity", ActivityView.as_view(), name="activity")]
