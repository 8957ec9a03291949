"""The provider as a WSGI application, with its style sheet in front."""

from __future__ import annotations

from pathlib import Path

from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

application = WhiteNoise(
    get_wsgi_application(), root=Path(__file__).parent / "static", prefix="static/", max_age=300
)
