"""The Django app."""

from django.apps import AppConfig


class SessionsApp(AppConfig):
    """Registers the operations, the live state, the hub account and the count."""

    name = "sessions"
    label = "interactive_sessions"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import merging, provisioning, suspension  # noqa: PLC0415 - models are ready only now
        from data_mgmt.services import uses as used  # noqa: PLC0415
        from sessions import services  # noqa: PLC0415
        from sessions.services import uses  # noqa: PLC0415
        from sessions.services.changes import TAKE_DOWN  # noqa: PLC0415
        from sessions.services.launching import FOLLOW, START  # noqa: PLC0415
        from vre_portal import context, live, operations  # noqa: PLC0415

        operations.register(START, services.start, give_up=services.gave_up)
        operations.register(FOLLOW, services.follow, give_up=services.follow_gave_up)
        operations.register(
            TAKE_DOWN, services.take_down, give_up=services.take_down_gave_up, ending=True
        )
        suspension.on_suspended(services.stop_all)
        merging.reason_against(services.still_running)
        live.topic("session")(services.present_state)
        provisioning.register("jupyterhub", services.provision)
        used.register(uses.KIND, uses.opened_with)
        context.active_counts["sessions"] = services.active_count
