"""The shapes of environments in the API: the fields of the file, and what is free now."""

from __future__ import annotations

from django.templatetags.static import static
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions.definitions import Choice, Environment
from sessions.environment_words import logo_of
from sessions.environments import may_use


class AcceleratorSerializer(serializers.Serializer[object]):
    """Devices of one kind, such as `nvidia.com/gpu`."""

    name = serializers.CharField()
    kind = serializers.CharField()
    count = serializers.IntegerField()
    node_selector = serializers.DictField(child=serializers.CharField())


class SettingsSerializer(serializers.Serializer[object]):
    """What a session is started with; null leaves it open."""

    cpu = serializers.FloatField(allow_null=True)
    cpu_guarantee = serializers.FloatField(allow_null=True)
    memory_gb = serializers.FloatField(allow_null=True)
    memory_guarantee_gb = serializers.FloatField(allow_null=True)
    accelerator = AcceleratorSerializer(allow_null=True)
    lifetime_hours = serializers.FloatField(allow_null=True)
    image = serializers.CharField(allow_null=True)
    local = serializers.CharField(allow_null=True)


class ChoiceSerializer(serializers.Serializer[Choice]):
    """One value of an option, and what it settles."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    sets = serializers.SerializerMethodField()

    @extend_schema_field(SettingsSerializer)
    def get_sets(self, choice: Choice) -> dict[str, object]:
        """Return only what it settles."""
        told = SettingsSerializer(choice.settings).data
        return {name: told[name] for name in choice.settings.names}


class UnlistedChoiceSerializer(serializers.Serializer[object]):
    """A value that may be typed, sent as `<option>--unlisted-choice`."""

    title = serializers.CharField()
    sets = serializers.CharField()
    validation_regex = serializers.CharField()
    validation_message = serializers.CharField()


class OptionSerializer(serializers.Serializer[object]):
    """Something to choose in an environment."""

    key = serializers.CharField()
    title = serializers.CharField()
    help = serializers.CharField()
    default = serializers.CharField()
    choices = ChoiceSerializer(many=True)
    unlisted_choice = UnlistedChoiceSerializer(source="unlisted", allow_null=True)


class EnvironmentSerializer(serializers.Serializer[Environment]):
    """What a session may be started with."""

    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.CharField()
    logo = serializers.SerializerMethodField(help_text="Where its drawing is, on the portal.")
    status = serializers.CharField()
    deprecated_until = serializers.DateField(allow_null=True)
    use_instead = serializers.CharField()
    versions = serializers.DictField(child=serializers.CharField())
    packages = serializers.ListField(child=serializers.CharField())
    extensions = serializers.ListField(child=serializers.CharField())
    groups = serializers.ListField(child=serializers.CharField())
    owner = serializers.CharField()
    minutes_idle = serializers.IntegerField(allow_null=True)
    max_lifetime_hours = serializers.FloatField(allow_null=True)
    extend_hours = serializers.FloatField(allow_null=True)
    default_url = serializers.CharField()
    sets = SettingsSerializer(source="settings")
    options = OptionSerializer(many=True)
    available = serializers.SerializerMethodField(help_text="Whether you may use it today.")
    usual_seconds = serializers.SerializerMethodField(
        help_text="How long a start usually takes, null while too few are known."
    )

    def get_logo(self, environment: Environment) -> str:
        """Return the path of its own drawing, or of that of its kind."""
        return static(logo_of(environment))

    def get_available(self, environment: Environment) -> bool:
        """Return whether the caller may launch it."""
        return may_use(self.context["user"], environment)

    def get_usual_seconds(self, environment: Environment) -> float | None:
        """Return the median of the last starts."""
        usual: dict[str, float] = self.context["usual"]
        return usual.get(environment.slug)


class RoomSerializer(serializers.Serializer[object]):
    """What is taken of what there is; null where the site sets no limit."""

    running = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)
    mine = serializers.IntegerField()
    per_person = serializers.IntegerField(allow_null=True)
    accelerators = serializers.DictField(
        child=serializers.IntegerField(), help_text="How many the site has of each kind."
    )
    accelerators_used = serializers.DictField(child=serializers.IntegerField(), source="used")


class EnvironmentPageSerializer(serializers.Serializer[object]):
    """Every environment that you may know of, and what is free now."""

    items = EnvironmentSerializer(many=True)
    next = serializers.CharField(allow_null=True)
    room = RoomSerializer()
