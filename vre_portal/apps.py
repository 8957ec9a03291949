"""The portal's ground as a Django app: it owns the operations."""

from django.apps import AppConfig


class PortalApp(AppConfig):
    """Ground and composition."""

    name = "vre_portal"
    label = "portal"
    verbose_name = "Portal"
