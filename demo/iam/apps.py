"""The provider as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ProviderConfig(AppConfig):
    """Give the app a label that does not depend on where the project lies."""

    name = "demo.iam"
    label = "iam"
    default_auto_field = "django.db.models.BigAutoField"
