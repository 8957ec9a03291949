"""What people do with sessions; each module holds one verb and what belongs to it."""

from sessions.services.following import follow, follow_gave_up
from sessions.services.launching import gave_up, launch, launch_again, start
from sessions.services.notebooks import open_dataset
from sessions.services.provisioning import provision
from sessions.services.reading import (
    Summary,
    active_count,
    get,
    open_url,
    present_state,
    summary,
    usual_seconds,
    visible_to,
)
from sessions.services.reconciling import reconcile
from sessions.services.stopping import (
    remove,
    still_running,
    stop,
    stop_all,
    take_down,
    take_down_gave_up,
)

__all__ = [
    "Summary",
    "active_count",
    "follow",
    "follow_gave_up",
    "gave_up",
    "get",
    "launch",
    "launch_again",
    "open_dataset",
    "open_url",
    "present_state",
    "provision",
    "reconcile",
    "remove",
    "start",
    "still_running",
    "stop",
    "stop_all",
    "summary",
    "take_down",
    "take_down_gave_up",
    "usual_seconds",
    "visible_to",
]
