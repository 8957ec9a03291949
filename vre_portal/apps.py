"""The portal's ground as a Django app: it owns the operations."""

from django.apps import AppConfig


class PortalApp(AppConfig):
    """Ground and composition."""

    name = "vre_portal"
    label = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Tell the apps of each other what crosses two of them."""
        from vre_portal import (  # noqa: PLC0415 - models are ready only now
            origins,
            repository_capture,
            session_capture,
        )

        origins.register()
        session_capture.register()
        repository_capture.register()
