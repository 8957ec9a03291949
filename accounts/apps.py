"""The Django app."""

from django.apps import AppConfig


class AccountsApp(AppConfig):
    """Registers the app."""

    name = "accounts"
    label = "accounts"
