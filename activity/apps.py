"""The Django app."""

from django.apps import AppConfig


class ActivityApp(AppConfig):
    """Registers the app."""

    name = "activity"
    label = "activity"
