"""The Django app: what it registers with the ground and with accounts."""

from django.apps import AppConfig
from django.core.checks import register


class DataApp(AppConfig):
    """Registers the app."""

    name = "data_mgmt"
    label = "data_mgmt"

    def ready(self) -> None:
        """Register the operations, the live topic, the provisioner and the start-up check."""
        from accounts import merging, provisioning  # noqa: PLC0415 - models are loaded by now
        from data_mgmt import checks  # noqa: PLC0415
        from data_mgmt.models import BasketItem, Favourite, RecentDid, SavedSearch  # noqa: PLC0415
        from data_mgmt.services import (  # noqa: PLC0415
            changes,
            collecting,
            collecting_steps,
            deciding,
            describing,
            previews,
            replicas,
            upload_steps,
            uploads,
        )
        from data_mgmt.services import provisioning as rucio_account  # noqa: PLC0415
        from vre_portal import live, operations  # noqa: PLC0415
        from vre_portal.context import active_counts  # noqa: PLC0415

        operations.register(replicas.CREATE, replicas.create_rule, give_up=replicas.creation_failed)
        operations.register(replicas.CANCEL, replicas.end_rule, give_up=replicas.cancelling_failed)
        changes.register()
        collecting_steps.register()
        deciding.register()
        operations.register(describing.WRITE, describing.write, give_up=describing.writing_failed)
        for model in (BasketItem, Favourite, RecentDid):
            merging.once(model, "did_scope", "did_name")
        merging.once(SavedSearch, "query")
        upload_steps.register()
        live.topic(uploads.TOPIC)(uploads.present_state)
        live.topic(replicas.TOPIC)(replicas.present_state)
        live.topic(previews.TOPIC)(previews.present_state)
        live.topic(collecting.TOPIC)(collecting_steps.present_state)
        provisioning.register("rucio", rucio_account.provision, joins=True, follows_groups=True)
        active_counts["requests"] = replicas.active_count
        register(checks.rucio_clients)
