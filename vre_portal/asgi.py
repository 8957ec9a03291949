"""ASGI entry: streams before Django, websockets, and Django for the rest."""

import os

from django.core.asgi import get_asgi_application

from vre_portal.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")
django_application = get_asgi_application()

# These import models, which needs the line above.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from vre_portal.body_limit import BodyLimit  # noqa: E402
from vre_portal.campaign_uploads import CampaignUploads  # noqa: E402
from vre_portal.capture_uploads import CaptureUploads  # noqa: E402
from vre_portal.downloads import Downloads  # noqa: E402
from vre_portal.handshakes import OurPages, no_socket  # noqa: E402
from vre_portal.live import LiveConsumer  # noqa: E402
from vre_portal.raw_asgi import Edge  # noqa: E402
from vre_portal.run_content import RunContent  # noqa: E402
from vre_portal.session_content import SessionContent  # noqa: E402
from vre_portal.session_uploads import SessionForms, SessionUploads  # noqa: E402
from vre_portal.streaming import Streams  # noqa: E402
from vre_portal.uploading import Uploads  # noqa: E402
from vre_portal.uploading_form import FormUploads  # noqa: E402

_sockets = URLRouter(
    [
        path("ws/live", AuthMiddlewareStack(LiveConsumer.as_asgi())),  # type: ignore[arg-type, list-item]  # the stubs know Django's views only
        re_path("", no_socket),  # type: ignore[arg-type, list-item]  # the same
    ]
)

_pages = BodyLimit(Downloads(SessionContent(RunContent(Streams(django_application)))))
_forms = SessionForms(CaptureUploads(CampaignUploads(_pages)))
_uploads = Uploads(FormUploads(SessionUploads(_forms)))

application = Edge(
    ProtocolTypeRouter(
        {
            "http": _uploads,
            "websocket": OurPages(_sockets),
        }
    )
)
settle()
