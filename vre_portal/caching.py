"""The cache on Valkey; while that is down every look is a miss and every write is dropped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class MissingWhenDown(RedisCache):
    """Django's cache for what the portal can do without: nothing fails because it is down."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """Return a value, or the default."""
        return _tried(lambda: super(MissingWhenDown, self).get(key, default, version), default)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[Any, Any]:
        """Return the values that are there."""
        return _tried(lambda: super(MissingWhenDown, self).get_many(keys, version), {})

    def set(self, key: str, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        """Keep a value, if possible."""
        _tried(lambda: super(MissingWhenDown, self).set(key, value, timeout, version), None)

    def add(self, key: str, value: Any, timeout: Any = 300, version: int | None = None) -> bool:
        """Keep a value that is not there yet; False when it is, or when nothing can be kept."""
        return _tried(lambda: super(MissingWhenDown, self).add(key, value, timeout, version), False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Return a counter after counting; 0 when nothing can be counted."""
        return _tried(lambda: super(MissingWhenDown, self).incr(key, delta, version), 0)

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget a value; False when there was none, or nothing can be forgotten."""
        return _tried(lambda: super(MissingWhenDown, self).delete(key, version), False)


def _tried(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
    try:
        return ask()
    except RedisError as exc:
        log.warning("cache does not answer: %s", exc)
        return otherwise
