"""Which addresses the portal may connect to for a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sessions.builder import git
from vre_portal import public_addresses

#: The builder of environments runs apart from the portal, and has the rule of its own.
EACH = pytest.mark.parametrize("rule", [public_addresses.is_public, git.is_public])


@EACH
@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_let_through(rule: Callable[[str], bool], address: str) -> None:
    assert rule(address)


@EACH
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_of_the_sites_networks_are_not(rule: Callable[[str], bool], address: str) -> None:
    assert not rule(address)
