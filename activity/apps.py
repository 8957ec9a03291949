"""The Django app."""

from django.apps import AppConfig


class ActivityApp(AppConfig):
    """Registers the inbox's live state, and what a person chooses once."""

    name = "activity"
    label = "activity"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import merging, rotation  # noqa: PLC0415 - models are ready only now
        from activity import services  # noqa: PLC0415
        from activity.models import MailPreference, Webhook  # noqa: PLC0415
        from vre_portal import live  # noqa: PLC0415

        merging.once(MailPreference, "kind")
        merging.once(Webhook)
        rotation.also(Webhook)
        live.topic("inbox")(services.present_state)
