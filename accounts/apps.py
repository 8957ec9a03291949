"""The Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsApp(AppConfig):
    """Registers provisioning, the checklist's live state, and the satellites."""

    name = "accounts"
    label = "accounts"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import providers, provisioning, satellites, tasks, web_sessions  # noqa: PLC0415 - models are ready only now
        from vre_portal import live, operations, rechecks  # noqa: PLC0415

        # A wrong file ends the start, not the first sign-in.
        providers.registry()
        satellites.entries()
        operations.register(provisioning.KIND, provisioning.step, give_up=provisioning.failed)
        rechecks.on_unknown(tasks.recheck_soon)
        live.topic("checklist")(provisioning.present_state)
        live.doorkeeper(web_sessions.admit)
        post_migrate.connect(_sync_satellites, sender=self, weak=False)


def _sync_satellites(**_: object) -> None:
    from accounts.satellites import sync_satellites  # noqa: PLC0415 - models are ready only now

    sync_satellites()
