"""The API's timeline, and what of it comes by mail or goes to a webhook."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from activity import services, webhook_api
from activity.models import Event
from activity.serializers import NoticeKindSerializer
from activity.services import kinds, preferences
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


class MailWishSerializer(serializers.Serializer[object]):
    """Which kinds of notices come by mail: these, and no others."""

    mail = serializers.ListField(child=serializers.CharField(), max_length=len(kinds.KINDS))


class MailPreferencesSerializer(MailWishSerializer):
    """What comes by mail, where to, and what there is; no mail goes out without an address."""

    address = serializers.CharField(allow_null=True)
    kinds = NoticeKindSerializer(many=True)


class PreferencesView(ActivityPart):
    """Which notices come by mail."""

    @extend_schema(responses=MailPreferencesSerializer)
    def get(self, request: Request) -> Response:
        """Return what comes by mail to the user; 404 where the site sends none."""
        preferences.must_be_offered()
        user = user_of(request)
        wanted = preferences.wanted_by([user.pk])[user.pk]
        shown = {
            "address": preferences.address_of(user) or None,
            "mail": [kind.key for kind in kinds.KINDS if kind.key in wanted],
            "kinds": kinds.KINDS,
        }
        return Response(MailPreferencesSerializer(shown).data)

    @extend_schema(request=MailWishSerializer, responses=MailPreferencesSerializer)
    def put(self, request: Request) -> Response:
        """Have these kinds come by mail, and no others."""
        preferences.must_be_offered()
        told = MailWishSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        preferences.choose(user_of(request), told.validated_data["mail"])
        return self.get(request)


urlpatterns = [
    path("activity", ActivityView.as_view(), name="activity"),
    path("notices/preferences", PreferencesView.as_view(), name="notices-preferences"),
    *webhook_api.urlpatterns,
]
