"""The Django app."""

from django.apps import AppConfig


class ActivityApp(AppConfig):
    """Registers the inbox's live state."""

    name = "activity"
    label = "activity"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from activity import services  # noqa: PLC0415 - models are ready only now
        from vre_portal import live  # noqa: PLC0415

        live.topic("inbox")(services.present_state)
