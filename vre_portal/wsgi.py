"""WSGI entry: pages and API under gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from vre_portal.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")
application = get_wsgi_application()
settle()
