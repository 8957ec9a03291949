"""The Django app."""

from django.apps import AppConfig


class ReproducibilityApp(AppConfig):
    """Registers the operation, the live state, the REANA account and the count."""

    name = "reproducibility"
    label = "reproducibility"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import deletion, provisioning  # noqa: PLC0415 - models are ready only now
        from data_mgmt.services import uses as used  # noqa: PLC0415
        from reproducibility import services  # noqa: PLC0415
        from reproducibility.services import reproducing, runs, uses  # noqa: PLC0415
        from vre_portal import context, live, operations  # noqa: PLC0415

        operations.register(reproducing.KIND, reproducing.step, give_up=reproducing.give_up)
        deletion.on_leaving(services.stop_all)
        live.topic(runs.TOPIC)(services.present_state)
        provisioning.register("reana", services.provision)
        used.register(uses.RUN, uses.runs_of)
        used.register(uses.ANALYSIS, uses.analyses_of)
        context.active_counts["runs"] = services.active_count
