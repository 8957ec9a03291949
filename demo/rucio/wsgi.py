"""The Rucio server as gunicorn loads it: in-process cache, schema, then Rucio's own application."""

from __future__ import annotations

import contextlib
from typing import Any

from rucio.common import cache

CACHE_SECONDS = 30


def cache_in_process(region: Any, expiration_time: int, memcached_expire_time: int | None) -> None:
    """Configure a cache region in this process's memory: without it each option is read by SQL."""
    region.configure("dogpile.cache.memory", expiration_time=min(expiration_time, CACHE_SECONDS))


# Rucio knows memcached only, and makes its regions while its modules are imported.
cache.MemcacheRegion._configure_region = cache_in_process


def serve() -> Any:
    """Build the schema of an empty database and return Rucio's WSGI application."""
    from demo.rucio.schema import build_if_absent

    build_if_absent()
    from rucio.core import oidc
    from rucio.web.rest.flaskapi.v1 import main

    # The providers are read here once: sixteen threads would else do it at the first token.
    with contextlib.suppress(Exception):
        oidc.__dict__["__initialize_oidc_clients"]()
    return main.application


application = serve()
