"""ASGI entry: streams before Django, websockets, and Django for the rest."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")
django_application = get_asgi_application()

# These import models, which needs the line above.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from vre_portal.body_limit import BodyLimit  # noqa: E402
from vre_portal.config import get_config  # noqa: E402
from vre_portal.live import LiveConsumer  # noqa: E402
from vre_portal.streaming import Streams  # noqa: E402

_live = URLRouter([path("ws/live", LiveConsumer.as_asgi())])  # type: ignore[arg-type, list-item]  # the stubs know Django's views only

application = ProtocolTypeRouter(
    {
        "http": BodyLimit(Streams(django_application)),
        "websocket": OriginValidator(AuthMiddlewareStack(_live), [get_config().public_url]),
    }
)
