"""What people do with sessions; each module holds one verb and what belongs to it."""

from sessions.services.bringing import bring, bring_again, bring_gave_up, estimate_of
from sessions.services.extending import extend, watch_ends
from sessions.services.fetching import fetch, fetch_gave_up, fetch_repository
from sessions.services.following import follow, follow_gave_up
from sessions.services.launching import gave_up, launch, launch_again, start
from sessions.services.notebooks import open_dataset
from sessions.services.provisioning import provision
from sessions.services.quick import Quick, launch_default, launch_last, quick
from sessions.services.reading import (
    Summary,
    active_count,
    get,
    open_url,
    present_state,
    summary,
    usual_seconds,
    usual_seconds_of,
    visible_to,
)
from sessions.services.reconciling import reconcile
from sessions.services.renaming import keep_alive, rename
from sessions.services.repository_links import RepositoryLink, checked_repository
from sessions.services.restarting import restart
from sessions.services.sampling import sample, usage_of
from sessions.services.stopping import (
    remove,
    still_running,
    stop,
    stop_all,
    take_down,
    take_down_gave_up,
)
from sessions.services.waking import rest, rest_gave_up

__all__ = [
    "Quick",
    "RepositoryLink",
    "Summary",
    "active_count",
    "bring",
    "bring_again",
    "bring_gave_up",
    "checked_repository",
    "estimate_of",
    "extend",
    "fetch",
    "fetch_gave_up",
    "fetch_repository",
    "follow",
    "follow_gave_up",
    "gave_up",
    "get",
    "keep_alive",
    "launch",
    "launch_again",
    "launch_default",
    "launch_last",
    "open_dataset",
    "open_url",
    "present_state",
    "provision",
    "quick",
    "reconcile",
    "remove",
    "rename",
    "rest",
    "rest_gave_up",
    "restart",
    "sample",
    "start",
    "still_running",
    "stop",
    "stop_all",
    "summary",
    "take_down",
    "take_down_gave_up",
    "usage_of",
    "usual_seconds",
    "usual_seconds_of",
    "visible_to",
    "watch_ends",
]
