"""The Django app."""

from django.apps import AppConfig


class ReproducibilityApp(AppConfig):
    """Registers the operations, the live states, the REANA account and the count."""

    name = "reproducibility"
    label = "reproducibility"

    def ready(self) -> None:
        """Hook the app into the ground."""
        from accounts import (  # noqa: PLC0415 - models are ready only now
            deletion,
            provisioning,
            stored_tokens,
        )
        from data_mgmt.services import uses as used  # noqa: PLC0415
        from reproducibility import services  # noqa: PLC0415
        from reproducibility.backends import tokens  # noqa: PLC0415
        from reproducibility.backends.deposits import AUDIENCE as DEPOSITS  # noqa: PLC0415
        from reproducibility.services import (  # noqa: PLC0415
            register_steps,
            registering,
            reproducing,
            runs,
            side_contents,
            side_steps,
            uses,
        )
        from reproducibility.services.campaigns import driving, leftovers, making  # noqa: PLC0415
        from reproducibility.services.captures import hooks as captures  # noqa: PLC0415
        from reproducibility.services.deposits import asking, worker  # noqa: PLC0415
        from vre_portal import context, live, operations  # noqa: PLC0415

        operations.register(reproducing.KIND, reproducing.step, give_up=reproducing.give_up)
        register_steps.register()
        side_steps.register()
        worker.register()
        live.topic(asking.TOPIC)(asking.present_state)
        stored_tokens.register(DEPOSITS, tokens.depositor)
        operations.register(driving.KIND, driving.step, give_up=driving.gave_up)
        leftovers.register()
        live.topic(driving.TOPIC)(making.present_state)
        deletion.on_leaving(making.leave)
        deletion.on_leaving(services.stop_all)
        live.topic(runs.TOPIC)(services.present_state)
        live.topic(registering.TOPIC)(registering.present_state)
        live.topic(side_contents.TOPIC)(side_contents.present_state)
        provisioning.register("reana", services.provision)
        stored_tokens.register("reana", tokens.owner_of)
        used.register(uses.RUN, uses.runs_of)
        used.register(uses.ANALYSIS, uses.analyses_of)
        captures.register()
        context.active_counts["runs"] = services.active_count
