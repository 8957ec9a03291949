"""What people do with environments of their own; each module holds one verb."""

from sessions.services.builds.keeping import change_texts, remove, share
from sessions.services.builds.making import cancel, make, retry, site_builder
from sessions.services.builds.reading import (
    get,
    get_own,
    groups_to_share_with,
    present_state,
    usual_seconds,
    visible_to,
)
from sessions.services.builds.steps import gave_up, step
from sessions.services.builds.tidying import tidy

__all__ = [
    "cancel",
    "change_texts",
    "gave_up",
    "get",
    "get_own",
    "groups_to_share_with",
    "make",
    "present_state",
    "remove",
    "retry",
    "share",
    "site_builder",
    "step",
    "tidy",
    "usual_seconds",
    "visible_to",
]
