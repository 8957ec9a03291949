"""What people can do with data: find, look, have copied."""

from data_mgmt.services.catalogue import (
    DidView,
    Everywhere,
    Known,
    SearchPage,
    ask,
    describe,
    own_scope,
    scopes,
    search,
    search_everywhere,
    storages,
    usage,
)
from data_mgmt.services.estimates import Estimate, StorageOption, estimate, preview, storage_options
from data_mgmt.services.replicas import (
    Progress,
    active_count,
    cancel,
    find,
    present_state,
    request_replica,
    requests_of_did,
    retry,
    summary,
)
from data_mgmt.services.watching import look_soon

__all__ = [
    "DidView",
    "Estimate",
    "Everywhere",
    "Known",
    "Progress",
    "SearchPage",
    "StorageOption",
    "active_count",
    "ask",
    "cancel",
    "describe",
    "estimate",
    "find",
    "look_soon",
    "own_scope",
    "present_state",
    "preview",
    "request_replica",
    "requests_of_did",
    "retry",
    "scopes",
    "search",
    "search_everywhere",
    "storage_options",
    "storages",
    "summary",
    "usage",
]
