"""What the clock tidies: ended browsers, old links, accounts whose grace time is over."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from oauth2_provider.models import clear_expired

from accounts import backchannel, deletion, web_sessions
from accounts.models import PendingLink


@shared_task(name="accounts.tidy")
def tidy() -> None:
    """Forget what has ended, and delete the accounts that are due."""
    web_sessions.forget_ended()
    backchannel.forget_old()
    PendingLink.objects.filter(expires_at__lt=timezone.now()).delete()
    clear_expired()
    deletion.delete_due()
