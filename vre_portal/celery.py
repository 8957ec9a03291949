"""The Celery application and its clock."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")

app = Celery("vre_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["vre_portal"], related_name="operations")
app.conf.beat_schedule = {
    "wake-operations": {
        "task": "portal.wake_operations", "schedule": 5.0, "options": {"expires": 5},
    },
    "watch-replica-requests": {
        "task": "data.watch_requests", "schedule": 2.0, "options": {"expires": 2},
    },
    "reconcile-sessions": {
        "task": "sessions.reconcile", "schedule": 15.0, "options": {"expires": 15},
    },
    "tidy-accounts": {"task": "accounts.tidy", "schedule": 600.0, "options": {"expires": 600}},
    "check-backends": {
        "task": "portal.check_backends", "schedule": 10.0, "options": {"expires": 10},
    },
}  # fmt: skip
