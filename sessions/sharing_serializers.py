"""The shapes of shares and handovers in the API."""

from __future__ import annotations

from rest_framework import serializers

from sessions.models import Handover, Level, Share
from sessions.services.guests import is_in
from sessions.services.sharing import HOURS


class RecipientSerializer(serializers.Serializer[object]):
    """A person by their exact handle or verified e-mail, or one of your groups."""

    person = serializers.CharField(default="", allow_blank=True, allow_null=True)
    group = serializers.CharField(default="", allow_blank=True, allow_null=True)


class ShareWishSerializer(RecipientSerializer):
    """Whom to let in; whoever may `work` acts with your rights inside the session."""

    level = serializers.ChoiceField(choices=Level.choices)
    hours = serializers.ChoiceField(choices=HOURS)


class ShareSerializer(serializers.ModelSerializer[Share]):
    """A share that stands; `guests` are the handles of those who were let in."""

    person = serializers.CharField(source="recipient.handle", default=None, allow_null=True)
    group = serializers.CharField()
    guests = serializers.SerializerMethodField()

    class Meta:
        model = Share
        fields = ("id", "person", "group", "level", "until", "created_at", "guests")

    def get_guests(self, share: Share) -> list[str]:
        """Return who was let in and may still be there."""
        return [guest.user.handle for guest in share.guests.all() if is_in(guest)]


class ShareListSerializer(serializers.Serializer[object]):
    """All shares of a session that stand."""

    items = ShareSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SharedSerializer(serializers.ModelSerializer[Share]):
    """What somebody shares with you."""

    session = serializers.CharField(source="session.name")
    state = serializers.CharField(source="session.state")
    environment = serializers.CharField(source="session.environment")
    owner = serializers.CharField(source="session.user.handle")
    owner_name = serializers.CharField(source="session.user.display_name")
    group = serializers.CharField()

    class Meta:
        model = Share
        fields = (
            "id", "session", "state", "environment", "owner", "owner_name", "group", "level",
            "until", "created_at",
        )  # fmt: skip


class SharedPageSerializer(serializers.Serializer[object]):
    """A page of what others share with you."""

    items = SharedSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class OpenedSerializer(serializers.Serializer[object]):
    """Where a shared session opens in a browser."""

    url = serializers.URLField()


class HandoverWishSerializer(RecipientSerializer):
    """Which file of the session to hand over, and what to say with it."""

    path = serializers.CharField()
    note = serializers.CharField(default="", allow_blank=True)


class HandoverSerializer(serializers.ModelSerializer[Handover]):
    """A file that was handed over; `size` in bytes."""

    size = serializers.IntegerField()
    sender = serializers.CharField(source="sender.handle")
    sender_name = serializers.CharField(source="sender.display_name")
    person = serializers.CharField(source="recipient.handle", default=None, allow_null=True)
    group = serializers.CharField()
    environment = serializers.CharField()

    class Meta:
        model = Handover
        fields = (
            "id", "name", "size", "sender", "sender_name", "person", "group", "environment",
            "note", "created_at", "taken_at",
        )  # fmt: skip


class HandoverPageSerializer(serializers.Serializer[object]):
    """A page of what you gave and were given."""

    items = HandoverSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class OpenHandoverSerializer(serializers.Serializer[object]):
    """In which session of yours; null launches one."""

    session = serializers.UUIDField(default=None, allow_null=True)
