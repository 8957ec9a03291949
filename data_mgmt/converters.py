"""How a DID stands in an address: ``scope:name``; names may hold slashes."""

from __future__ import annotations

from data_mgmt.backends import Did
from vre_portal.errors import InvalidRequest


class DidConverter:
    """``<did:did>`` in a path."""

    regex = "[^/:]+:.+"

    def to_python(self, text: str) -> Did:
        """Read the address; what is no DID is another address."""
        try:
            return Did.parse(text.rstrip("/"))
        except InvalidRequest as exc:
            raise ValueError(text) from exc

    def to_url(self, did: Did) -> str:
        """Write the address; Django quotes it."""
        return str(did)
