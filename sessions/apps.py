"""The Django app."""

from django.apps import AppConfig


class SessionsApp(AppConfig):
    """Registers the app."""

    name = "sessions"
    label = "interactive_sessions"
