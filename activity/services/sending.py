"""Send the mails that are due: at least once, one process at a time, and not too many to anybody.

A row is claimed before its message is sent and marked afterwards, each in a transaction of its own.
Whoever dies in between leaves a claim that ends: the message goes again, with the same Message-ID.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from activity.models import OPEN, Mail, MailState
from activity.services.alone import alone
from activity.services.letters import letter
from vre_portal.config import get_config

log = logging.getLogger(__name__)

#: So many messages reach an address in an hour; what is more waits and then goes as one message.
HOURLY = 30
HOUR = timedelta(hours=1)
#: Pauses after the first failures; the last one goes on until the mail is too old.
PAUSES = [timedelta(seconds=each) for each in (30, 60, 300, 900, 3600)]
PATIENCE = timedelta(days=1)
#: Longer than a server that answers slowly takes for one message.
CLAIM = timedelta(minutes=5)
#: Messages in one go; what is left waits for the next tick.
AT_ONCE = 200
KEEP = timedelta(days=30)
REFUSED_FOR_GOOD = 500
#: Names the lock in PostgreSQL: "mail" in ASCII.
LOCK = 0x6D61696C


@dataclass(frozen=True, slots=True)
class Bundle:
    """What goes to one person in one message."""

    message: uuid.UUID
    mails: Sequence[Mail]

    @property
    def rows(self) -> QuerySet[Mail]:
        """Its rows, as long as nobody else has claimed them."""
        keys = [mail.pk for mail in self.mails]
        return Mail.objects.filter(pk__in=keys, message=self.message, state=MailState.SENDING)

    def letter(self) -> EmailMultiAlternatives:
        """Return the message itself."""
        events = [mail.event for mail in self.mails]
        return letter(events, to=self.mails[0].address, message=self.message)


def send_due() -> int:
    """Send what is due and return how many messages went out; 0 while another process does it.

    A server that does not answer ends the round: the next tick tries again.
    """
    if get_config().mail_server is None:
        return 0
    with alone(LOCK) as is_mine:
        if not is_mine:
            return 0
        _give_up_old()
        return sum(_send_all())


def tidy() -> None:
    """Forget mails that went out, or were given up, a month ago."""
    Mail.objects.exclude(state__in=OPEN).filter(created_at__lt=timezone.now() - KEEP).delete()


def _send_all() -> Iterator[int]:
    server = get_connection()
    try:
        for _round in range(AT_ONCE):
            bundle = _claim()
            if bundle is None:
                return
            try:
                message = bundle.letter()
                server.open()
                server.send_messages([message])
            except ValueError as exc:  # an address or a text of which no mail can be made
                _give_up(bundle.rows, _words(exc))
            except (SMTPRecipientsRefused, SMTPDataError) as exc:
                _refused(bundle, exc)
            except OSError as exc:  # of the network, or an SMTPException: of the server
                _later(bundle, exc)
                return
            else:
                bundle.rows.update(state=MailState.SENT, sent_at=timezone.now(), problem="")
                yield 1
    finally:
        server.close()


@transaction.atomic
def _claim() -> Bundle | None:
    """Claim what is due for the person who waits longest; None where nothing is."""
    now = timezone.now()
    due = Mail.objects.filter(state__in=OPEN, due_at__lte=now, event__user__is_active=True)
    due = due.select_for_update(of=("self",), skip_locked=True).order_by("due_at", "pk")
    while first := due.select_related("event").first():
        same = due.filter(address=first.address, event__user=first.event.user_id)
        free_at = _free_at(first.address, now)
        if free_at is not None:
            count = Mail.objects.filter(pk__in=same.values("pk")).update(due_at=free_at)
            log.info(
                "%s mails to %s wait until %s: %s went out within an hour",
                count, first.event.user_id, free_at, HOURLY,
            )  # fmt: skip
            continue
        mails = sorted(same.select_related("event__user"), key=lambda mail: mail.event.at)
        message = uuid.uuid5(uuid.NAMESPACE_OID, ",".join(str(mail.pk) for mail in mails))
        Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
            state=MailState.SENDING, message=message, attempts=F("attempts") + 1, due_at=now + CLAIM
        )
        for mail in mails:
            mail.attempts += 1
        return Bundle(message, mails)
    return None


def _free_at(address: str, now: datetime) -> datetime | None:
    """Return when an address may be written to again; None for at once."""
    recent = Mail.objects.filter(address=address, sent_at__gt=now - HOUR)
    times = sorted({mail.message: mail.sent_at for mail in recent if mail.sent_at}.values())
    return times[-HOURLY] + HOUR if len(times) >= HOURLY else None


def _refused(bundle: Bundle, exc: SMTPRecipientsRefused | SMTPDataError) -> None:
    """Take over that the server does not take this message; other messages may go."""
    if isinstance(exc, SMTPRecipientsRefused):
        codes = [code for code, _text in exc.recipients.values()]
    else:
        codes = [exc.smtp_code]
    if codes and all(code >= REFUSED_FOR_GOOD for code in codes):
        _give_up(bundle.rows, _words(exc))
    else:
        _later(bundle, exc)


def _later(bundle: Bundle, exc: OSError) -> None:
    now = timezone.now()
    attempts = max(mail.attempts for mail in bundle.mails)
    pause = PAUSES[min(attempts, len(PAUSES)) - 1]
    bundle.rows.update(state=MailState.WAITING, due_at=now + pause, problem=_words(exc))
    log.warning("mail %s not sent, again in %s: %s", bundle.message, pause, _words(exc))


def _give_up_old() -> None:
    now = timezone.now()
    old = Mail.objects.filter(state__in=OPEN, created_at__lt=now - PATIENCE)
    _give_up(old.exclude(state=MailState.SENDING, due_at__gt=now))


def _give_up(rows: QuerySet[Mail], problem: str = "") -> None:
    for mail in rows.select_related("event"):
        told = problem or mail.problem
        found = Mail.objects.filter(pk=mail.pk, state=mail.state)
        if found.update(state=MailState.GIVEN_UP, problem=told):
            log.error(
                "mail %s to %s given up after %s attempts: %s",
                mail.pk, mail.event.user_id, mail.attempts, told or "it waited for a day",
            )  # fmt: skip


def _words(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}".replace("\x00", "")[:300]
