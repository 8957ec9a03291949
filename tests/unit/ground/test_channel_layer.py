"""Waiting for messages ends when whoever waits is told to end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from vre_portal.channel_layer import ChannelLayer, PlainConnection, PrivateConnection
from vre_portal.config import get_config


async def test_being_told_to_end_just_when_a_command_is_sent_is_not_lost() -> None:
    class ToldToEnd(PlainConnection):
        async def _send_packed_command(self, command: Any) -> None:
            await super()._send_packed_command(command)
            asking.cancel()

    pool = layer(get_config().valkey_url.get_secret_value()).create_pool(0)
    pool.connection_class = ToldToEnd
    async with Redis(connection_pool=pool) as valkey:
        asking = asyncio.ensure_future(valkey.ping())
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert await valkey.echo("after it") in {"after it", b"after it"}


@pytest.mark.parametrize(
    ("address", "kind"),
    [("redis://127.0.0.1:1/0", PlainConnection), ("rediss://127.0.0.1:1/0", PrivateConnection)],
)
def test_a_connection_is_private_where_the_address_says_so(
    address: str, kind: type[PlainConnection]
) -> None:
    assert layer(address).create_pool(0).connection_class is kind


def layer(address: str) -> ChannelLayer:
    return ChannelLayer(hosts=[{"address": address, "socket_timeout": 5}])
