"""Which network addresses the portal connects to because somebody told it to."""

from __future__ import annotations

import ipaddress


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet rather than to a network of the site."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None) or found
    return bool(inner.is_global and not inner.is_multicast)
