"""The provider as a WSGI application, with its style sheet in front."""

from __future__ import annotations

import gc
from pathlib import Path

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from whitenoise import WhiteNoise

application = WhiteNoise(
    get_wsgi_application(), root=Path(__file__).parent / "static", prefix="static/", max_age=300
)

# gunicorn forks after this (--preload). What is loaded by now, and out of the collector's reach,
# stays shared between master and worker: a quarter of the memory of each provider.
get_resolver().check()
gc.collect()
gc.freeze()
