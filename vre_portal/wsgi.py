"""WSGI entry: pages and API under gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")
application = get_wsgi_application()

# It imports models, which needs the line above.
from vre_portal.settling import settle  # noqa: E402

settle()
