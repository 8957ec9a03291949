"""What sharing and handing over hook into the ground and into accounts."""

from __future__ import annotations

from accounts import merging, suspension
from sessions.models import Guest
from sessions.services import guests, handing_over, origins, share_ends
from vre_portal import operations


def register() -> None:
    """Register the operation, what a suspension ends, and what a session may come from."""
    operations.register(guests.SETTLE, guests.settle, give_up=guests.settle_gave_up, ending=True)
    suspension.on_suspended(share_ends.end_all_of)
    merging.once(Guest, "share")
    origins.register(handing_over.KIND, handing_over.origin_of)
