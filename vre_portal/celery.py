"""The Celery application and its clock."""

import os

from celery import Celery
from celery.signals import setup_logging, worker_ready

from vre_portal.settling import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vre_portal.settings")

app = Celery("vre_portal")


@setup_logging.connect
def _leave_logging_alone(**_: object) -> None:
    """Keep Celery from adding handlers of its own: Django's settings hide tokens in theirs."""


worker_ready.connect(settle)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["vre_portal"], related_name="operations")
app.conf.beat_schedule = {
    "wake-operations": {
        "task": "portal.wake_operations", "schedule": 5.0, "options": {"expires": 5},
    },
    "watch-replica-requests": {
        "task": "data.watch_requests", "schedule": 1.0, "options": {"expires": 1},
    },
    "watch-approvals": {
        "task": "data.watch_approvals", "schedule": 15.0, "options": {"expires": 15},
    },
    "warn-of-ends": {
        "task": "data.warn_of_ends", "schedule": 60.0, "options": {"expires": 60},
    },
    "harvest": {"task": "data.harvest", "schedule": 30.0, "options": {"expires": 30}},
    "tidy-uploads": {"task": "data.tidy_uploads", "schedule": 60.0, "options": {"expires": 60}},
    "reconcile-sessions": {
        "task": "sessions.reconcile", "schedule": 10.0, "options": {"expires": 10},
    },
    "send-mails": {
        "task": "activity.send_mails", "schedule": 15.0, "options": {"expires": 15},
    },
    "deliver-to-webhooks": {
        "task": "activity.deliver", "schedule": 15.0, "options": {"expires": 15},
    },
    "tidy-mails": {"task": "activity.tidy", "schedule": 3600.0, "options": {"expires": 3600}},
    "watch-session-ends": {
        "task": "sessions.watch_ends", "schedule": 15.0, "options": {"expires": 15},
    },
    "sample-sessions": {"task": "sessions.sample", "schedule": 5.0, "options": {"expires": 5}},
    "end-shares": {"task": "sessions.end_shares", "schedule": 15.0, "options": {"expires": 15}},
    "forget-handovers": {
        "task": "sessions.forget_handovers", "schedule": 3600.0, "options": {"expires": 600},
    },
    "tidy-builds": {
        "task": "sessions.tidy_builds", "schedule": 300.0, "options": {"expires": 300},
    },
    "verify-analyses": {
        "task": "reproducibility.verify_due", "schedule": 60.0, "options": {"expires": 60},
    },
    "tidy-recorded": {
        "task": "reproducibility.tidy_recorded", "schedule": 3600.0, "options": {"expires": 600},
    },
    "tidy-accounts": {"task": "accounts.tidy", "schedule": 600.0, "options": {"expires": 600}},
    "check-backends": {
        "task": "portal.check_backends", "schedule": 10.0, "options": {"expires": 10},
    },
}  # fmt: skip
