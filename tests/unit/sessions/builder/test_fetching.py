"""Which addresses a fetch may connect to."""

from __future__ import annotations

import socket

import pytest

from sessions.builder import fetching


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_let_through(address: str) -> None:
    assert fetching.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_addresses_of_the_sites_networks_are_not(address: str) -> None:
    assert not fetching.is_public(address)


def test_a_name_that_leads_into_the_site_is_refused_when_it_is_resolved() -> None:
    def resolve(host: str, *rest: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]

    refused: list[str] = []
    with pytest.raises(socket.gaierror):
        fetching._guarded(resolve, refused)("git.test", 443)

    assert refused == ["git.test"]
