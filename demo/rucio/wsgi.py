"""The Rucio server as gunicorn loads it: in-process cache, schema, then Rucio's own application."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import Any

from rucio.common import cache
from rucio.common.exception import RucioException

from demo.rucio.quiet import hush

CACHE_SECONDS = 30


def cache_in_process(region: Any, expiration_time: int, memcached_expire_time: int | None) -> None:
    """Configure a cache region in this process's memory: without it each option is read by SQL."""
    region.configure("dogpile.cache.memory", expiration_time=min(expiration_time, CACHE_SECONDS))


def serve() -> Any:
    """Build the schema of an empty database and return Rucio's WSGI application."""
    hush()
    import_module("demo.rucio.schema").build_if_absent()
    # The providers are read here once: sixteen threads would else do it at the first token.
    with contextlib.suppress(RucioException):
        vars(import_module("rucio.core.oidc"))["__initialize_oidc_clients"]()
    return import_module("rucio.web.rest.flaskapi.v1.main").application


# Rucio knows memcached only, and makes its regions while the modules above are imported.
cache.MemcacheRegion._configure_region = cache_in_process
application = serve()
