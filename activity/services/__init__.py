"""Record what happened, tell it again, and send it to people by mail and webhook."""

from activity.services.recording import present_state, record, record_all, timeline, visible_to

__all__ = ["present_state", "record", "record_all", "timeline", "visible_to"]
