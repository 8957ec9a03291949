"""What decisions, quotas and subscriptions register with the ground."""

from data_mgmt.services import managers, quotas, rule_actions, subscriptions
from vre_portal import operations
from vre_portal.context import active_counts, only_for


def register() -> None:
    """Say which step drives each kind of work, and who sees the queue."""
    operations.register(rule_actions.ACT, rule_actions.act, give_up=rule_actions.failed)
    operations.register(quotas.GRANT, quotas.set_limit, give_up=quotas.granting_failed)
    operations.register(subscriptions.CHANGE, subscriptions.make, give_up=subscriptions.failed)
    active_counts["approvals"] = managers.waiting_count
    only_for["approvals"] = managers.is_manager
