"""Live state: tell the pages that watch an object, and the websocket through which they do."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import Error as NoDatabase
from django.db import transaction
from redis.exceptions import RedisError

from vre_portal import raw_asgi
from vre_portal.errors import PortalError, SignInRequired, TooManyRequests
from vre_portal.limits import SOCKETS
from vre_portal.logs import client_address

log = logging.getLogger(__name__)

#: Given a user's primary key and an object's id: the present state, or NotFound for strangers.
PresentState = Callable[[Any, str], Mapping[str, Any]]
_topics: dict[str, PresentState] = {}
MAX_WATCHED = 100
#: So many messages are on their way to Valkey at the same time.
AT_ONCE = 50
MAX_MESSAGE = 64 * 1024
#: In half a minute; a page sends one for each thing that it shows.
MAX_MESSAGES = 600
#: Codes with which a websocket is closed, after the HTTP statuses: pages stop trying on the first
#: two, and come back later after the third.
SIGNED_OUT, NOT_ALLOWED, TOO_MANY = 4401, 4403, 4429
#: What a channel group may be called.
_NAME = re.compile(r"[a-z-]{1,40}:[0-9A-Za-z-]{1,50}")


def topic(kind: str) -> Callable[[PresentState], PresentState]:
    """Register how the present state of `<kind>:<id>` is read, and by whom."""

    def register(read: PresentState) -> PresentState:
        _topics[kind] = read
        return read

    return register


#: Told every half minute which objects of a kind open pages still show.
_lookers: dict[str, Callable[[Sequence[str]], None]] = {}


def on_looked_at(kind: str, told: Callable[[Sequence[str]], None]) -> None:
    """Have something told which ``<kind>:<id>`` pages watch, when they begin and while they do."""
    _lookers[kind] = told


def _look(names: Sequence[str]) -> None:
    for kind, told in _lookers.items():
        keys = [key for name in names for of, _, key in [name.partition(":")] if of == kind]
        if keys:
            told(keys)


def group_of(name: str) -> str:
    """Return the channel group of a topic such as ``run:<uuid>``."""
    return name.replace(":", ".")


def publish(name: str, event: Mapping[str, Any]) -> None:
    """Tell everybody who watches a topic, after the transaction is on disk.

    Losing the message is harmless: pages read the present state whenever they connect.
    """
    publish_all([(name, event)])


def publish_all(told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Tell of many changes as `publish` does, some dozens at a time."""
    messages = [
        (name, {"type": "live.event", "topic": name, "event": dict(event)}) for name, event in told
    ]
    transaction.on_commit(lambda: _send(messages))


def _send(messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    if layer is None or not messages:
        return

    async def send_all() -> None:
        for start in range(0, len(messages), AT_ONCE):
            part = messages[start : start + AT_ONCE]
            sent = [layer.group_send(group_of(name), message) for name, message in part]
            await asyncio.gather(*sent)

    try:
        async_to_sync(send_all)()
    except (OSError, RedisError) as exc:
        log.warning("live: %s not told: %s", messages[0][0], exc)


#: Given a user's primary key and a session key: further groups of the socket, or a refusal.
Doorkeeper = Callable[[Any, str], Sequence[str]]
_doorkeepers: list[Doorkeeper] = []


def doorkeeper(admit: Doorkeeper) -> None:
    """Register who may open a websocket, and keep it open."""
    _doorkeepers.append(admit)


def _enter(user_id: Any, session_key: str) -> list[str]:
    SOCKETS.use(user_id or client_address.get())
    if user_id is None:
        raise SignInRequired("Sign in first.")
    return _admit(user_id, session_key)


def _admit(user_id: Any, session_key: str) -> list[str]:
    return [group for admit in _doorkeepers for group in admit(user_id, session_key)]


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """``/ws/live``: a page says what it watches, gets the present state first, then each change."""

    #: A message that a sign-in has ended may be lost; so the question is asked again.
    recheck_seconds = 30.0
    watched: set[str]
    groups_of_socket: list[str]
    _rechecking: asyncio.Task[None] | None
    _messages: int

    async def connect(self) -> None:
        """Accept signed-in people only, and only while they may act."""
        self.watched, self.groups_of_socket = set(), []
        self._rechecking, self._messages = None, 0
        user = self.scope.get("user") or AnonymousUser()
        self.user_id = user.pk
        self.session_key = getattr(self.scope.get("session"), "session_key", None) or ""
        try:
            groups = await database_sync_to_async(_enter)(self.user_id, self.session_key)
        except PortalError as exc:
            await self._refuse(exc)
            return
        self.groups_of_socket = [f"user:{user.pk}", *groups]
        for name in self.groups_of_socket:
            await self.channel_layer.group_add(group_of(name), self.channel_name)
        await self.accept()
        self._rechecking = asyncio.create_task(self._recheck())

    async def _refuse(self, error: PortalError) -> None:
        """Refuse so that the page's script hears why: a browser tells it no status, but a code."""
        if isinstance(error, TooManyRequests):
            await raw_asgi.refuse_handshake(self.scope, self.base_send, error)
        else:
            await self.accept()
            await self.close(code=_close_code(error))
        raise StopConsumer

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(self.recheck_seconds)
            self._messages = 0
            try:
                await database_sync_to_async(_admit)(self.user_id, self.session_key)
                await database_sync_to_async(_look)([*self.watched])
            except PortalError as exc:
                await self.close(code=_close_code(exc))
                return
            except NoDatabase as exc:
                log.warning("live: not checked again: %s", exc)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Take a message of a sensible size, and not too many."""
        if text_data is None or len(text_data) > MAX_MESSAGE:
            await self.close(code=1009)
            return
        self._messages += 1
        if self._messages > MAX_MESSAGES:
            await self.close(code=TOO_MANY)
            return
        try:
            content = json.loads(text_data)
        except (ValueError, RecursionError):
            content = None
        await self.receive_json(content)

    async def receive_json(self, content: Any, **_: Any) -> None:
        """Take ``{"watch": [...]}``; everything else is answered with a problem."""
        names = content.get("watch") if isinstance(content, dict) else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            await self.send_json({"problem": 'Send {"watch": ["run:<id>", ...]}.'})
            return
        for name in names[:MAX_WATCHED]:
            if name not in self.watched and len(self.watched) < MAX_WATCHED:
                await self._watch(name)

    async def _watch(self, name: str) -> None:
        kind, _, key = name.partition(":")
        read = _topics.get(kind)
        if read is None or not _NAME.fullmatch(name):
            await self.send_json({"topic": name, "problem": "Nothing of this kind can be watched."})
            return
        # Join before reading, so that no change falls between the two.
        await self.channel_layer.group_add(group_of(name), self.channel_name)
        try:
            state = await database_sync_to_async(read)(self.user_id, key)
        except (PortalError, ObjectDoesNotExist) as exc:
            await self.channel_layer.group_discard(group_of(name), self.channel_name)
            problem = exc.message if isinstance(exc, PortalError) else "It is no longer there."
            await self.send_json({"topic": name, "problem": problem})
            return
        self.watched.add(name)
        if kind in _lookers:
            await database_sync_to_async(_look)([name])
        await self.send_json({"topic": name, "event": dict(state)})

    async def live_event(self, message: dict[str, Any]) -> None:
        """Pass an event on to the page."""
        await self.send_json({"topic": message["topic"], "event": message["event"]})

    async def live_close(self, message: dict[str, Any]) -> None:
        """Close, because the user signed out or was suspended."""
        await self.close(code=SIGNED_OUT)

    async def disconnect(self, code: int) -> None:
        """Leave every group."""
        if self._rechecking is not None:
            self._rechecking.cancel()
        names = {*self.watched, *self.groups_of_socket}
        leaves = [self.channel_layer.group_discard(group_of(n), self.channel_name) for n in names]
        await asyncio.gather(*cast("list[Awaitable[None]]", leaves))


def _close_code(error: PortalError) -> int:
    return {401: SIGNED_OUT, 429: TOO_MANY}.get(error.status, NOT_ALLOWED)


def close_sockets_of(user_id: object) -> None:
    """Close each open websocket of a user."""
    _close(f"user:{user_id}")


def close_sockets_of_session(web_session_id: object) -> None:
    """Close each open websocket of one signed-in browser."""
    _close(f"web-session:{web_session_id}")


def _close(name: str) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(group_of(name), {"type": "live.close"})
    except (OSError, RedisError) as exc:
        log.warning("live: %s not closed, it will notice by itself: %s", name, exc)
