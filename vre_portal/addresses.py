"""Where a request comes from: past the proxies that the site trusts, and past no other."""

from __future__ import annotations

from ipaddress import ip_address

from vre_portal.config import get_config


def client_of(peer: str, forwarded_for: str) -> str:
    """Return the client's IP address, or an empty text where it is none.

    `peer` is the connection's other end. Each of the trusted proxies appends to
    ``X-Forwarded-For`` whom it saw, so that with n of them the n-th from the end is believed;
    what stands before it was written by the client itself.
    """
    trusted = get_config().trusted_proxies
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    told = hops[-trusted] if trusted and len(hops) >= trusted else peer
    try:
        return str(ip_address(told.partition("%")[0]))  # a zone means nothing elsewhere
    except ValueError:
        return ""
