"""Who may see the contents of a DID: its group until a date, then everybody."""

from __future__ import annotations

from accounts.models import User
from data_mgmt.backends import Did


def check_contents(user: User, did: Did) -> None:
    """Raise `Forbidden` when contents, previews and downloads of a DID are kept from a person."""
