"""The Django app."""

from django.apps import AppConfig


class DataApp(AppConfig):
    """Registers the app."""

    name = "data_mgmt"
    label = "data_mgmt"
