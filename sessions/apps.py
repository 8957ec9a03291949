"""The Django app."""

import logging

from django.apps import AppConfig

log = logging.getLogger(__name__)
#: Seconds: with the clock's round and a worker's start a session is right again within 20.
LEASE = 8.0


class SessionsApp(AppConfig):
    """Registers the operations, the live state, the hub account and the count."""

    name = "sessions"
    label = "interactive_sessions"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import merging, provisioning, suspension  # noqa: PLC0415 - models are ready only now
        from data_mgmt.services import uses as used  # noqa: PLC0415
        from sessions import end_banner, environments, services  # noqa: PLC0415
        from sessions.services import builds, sampling, sharing_parts, uses  # noqa: PLC0415
        from sessions.services.bringing import BRING  # noqa: PLC0415
        from sessions.services.builds.changes import BUILD  # noqa: PLC0415
        from sessions.services.changes import TAKE_DOWN  # noqa: PLC0415
        from sessions.services.fetching import FETCH  # noqa: PLC0415
        from sessions.services.launching import FOLLOW, START  # noqa: PLC0415
        from sessions.services.waking import REST  # noqa: PLC0415
        from vre_portal import context, live, operations  # noqa: PLC0415

        operations.register(START, services.start, give_up=services.gave_up, lease=LEASE)
        operations.register(FOLLOW, services.follow, give_up=services.follow_gave_up, lease=LEASE)
        operations.register(
            TAKE_DOWN, services.take_down, give_up=services.take_down_gave_up, ending=True,
            lease=LEASE,
        )  # fmt: skip
        operations.register(
            REST, services.rest, give_up=services.rest_gave_up, ending=True, lease=LEASE
        )
        operations.register(FETCH, services.fetch, give_up=services.fetch_gave_up)
        operations.register(BRING, services.bring, give_up=services.bring_gave_up)
        operations.register(BUILD, builds.step, give_up=builds.gave_up)
        suspension.on_suspended(services.stop_all)
        sharing_parts.register()
        merging.reason_against(services.still_running)
        live.topic("session")(services.present_state)
        live.topic("build")(builds.present_state)
        live.topic(sampling.TOPIC)(sampling.present_state)
        live.on_looked_at(sampling.TOPIC, sampling.looked_at)
        live.topic(end_banner.TOPIC)(end_banner.present_state)
        context.banners.append(end_banner.banner)
        provisioning.register("jupyterhub", services.provision)
        used.register(uses.KIND, uses.opened_with)
        context.active_counts["sessions"] = services.active_count
        for fault in environments.faults():
            log.error("Environments: %s", fault)
