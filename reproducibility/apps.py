"""The Django app."""

from django.apps import AppConfig


class ReproducibilityApp(AppConfig):
    """Registers the app."""

    name = "reproducibility"
    label = "reproducibility"
