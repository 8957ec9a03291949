"""What a mail says: plain text and HTML, without a token and without anything to be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from activity.models import Event
from activity.services.kinds import BY_VERB
from vre_portal.config import get_config
from vre_portal.logs import scrub

#: A message tells so many events one by one, and counts the rest.
MOST = 20
SUBJECT = 120


@dataclass(frozen=True, slots=True)
class Line:
    """One event in a mail."""

    text: str
    url: str


def letter(events: Sequence[Event], *, to: str, message: UUID) -> EmailMultiAlternatives:
    """Return a mail that tells one person of some events, the first ones first."""
    config = get_config()
    with override(config.default_language):
        lines = [Line(sentence(event), address(event)) for event in events[:MOST]]
        context = {
            "brand": config.brand_name,
            "name": events[0].user.display_name or events[0].user.handle,
            "lines": lines,
            "one": lines[0] if len(events) == 1 else None,
            "more": len(events) - len(lines),
            "kinds": _kinds(events),
            "inbox": config.public_url + reverse("inbox"),
            "preferences": config.public_url + reverse("activity:preferences"),
            "language": config.default_language,
        }
        mail = EmailMultiAlternatives(
            subject=_subject(events),
            body=render_to_string("mail/notice.txt", context).strip() + "\n",
            to=[to],
            headers={
                # The same after a repetition, so that a mailbox may know it again.
                "Message-ID": f"<{message}@{config.host}>",
                "Auto-Submitted": "auto-generated",
                "List-Unsubscribe": f"<{context['preferences']}>",
            },
        )
        mail.attach_alternative(render_to_string("mail/notice.html", context), "text/html")
    return mail


def _subject(events: Sequence[Event]) -> str:
    text = sentence(events[0])
    if len(events) > 1:
        text = ngettext("%(count)s notice", "%(count)s notices", len(events))
        text %= {"count": len(events)}
    cut = text if len(text) <= SUBJECT else text[: SUBJECT - 1] + "…"
    return f"[{' '.join(get_config().brand_name.split())}] {cut}"


def sentence(event: Event) -> str:
    """Return an event's text as one line in which nothing looks like a token."""
    return scrub(" ".join(event.text.split()))


def address(event: Event) -> str:
    """Return the whole address of an event's page: always one of the portal's own."""
    is_ours = event.url.startswith("/") and not event.url.startswith("//")
    path = scrub(event.url) if is_ours else reverse("inbox")
    return get_config().public_url + path


def _kinds(events: Sequence[Event]) -> str:
    kinds = (BY_VERB.get(event.verb) for event in events)
    titles = dict.fromkeys(str(kind.title) for kind in kinds if kind)
    return ", ".join(_("“%(kind)s”") % {"kind": title} for title in titles) or _("notices")
