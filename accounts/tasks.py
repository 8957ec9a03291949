"""What the clock tidies, and accounts that a backend did not know."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError
from oauth2_provider.models import clear_expired

from accounts import backchannel, deletion, provisioning, services, web_sessions
from accounts.models import PendingLink

log = logging.getLogger(__name__)


@shared_task(name="accounts.tidy")
def tidy() -> None:
    """Forget what has ended, and delete the accounts that are due."""
    web_sessions.forget_ended()
    services.forget_removed_providers()
    backchannel.forget_old()
    PendingLink.objects.filter(expires_at__lt=timezone.now()).delete()
    clear_expired()
    deletion.delete_due()


@shared_task(name="accounts.recheck")
def recheck(user_id: str, service: str) -> None:
    """Check somebody's account in a backend that does not know them."""
    provisioning.recheck_unknown(user_id, service)


def recheck_soon(user_id: object, service: str) -> None:
    """Have a worker check an account; the caller may be a thread without a database connection."""
    try:
        recheck.apply_async((str(user_id), service), retry=False)
    except (OSError, OperationalError) as exc:
        log.warning("account of %s in %s not checked: %s", user_id, service, exc)
