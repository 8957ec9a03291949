"""What a webhook gets: one event as JSON, without a token and without the names of others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from activity.models import Event, Level
from activity.services.kinds import BY_VERB
from activity.services.letters import address, sentence
from vre_portal.config import get_config

#: What is told of events whose own sentence may name somebody else, or hold what they wrote.
PLAIN: Mapping[str, str | Promise] = {
    "session.shared": gettext_lazy("A session was shared with you."),
    "session.handed-over": gettext_lazy("A file was handed over to you."),
    "replica-request.approved": gettext_lazy("A request of yours was approved."),
    "replica-request.denied": gettext_lazy("A request of yours was denied."),
    "rule.approved": gettext_lazy("A rule of yours was approved."),
    "rule.denied": gettext_lazy("A rule of yours was denied."),
    "quota-request.granted": gettext_lazy("More quota was granted to you."),
    "quota-request.denied": gettext_lazy("Your wish for quota was denied."),
    "approval.waits": gettext_lazy("A request waits for your approval."),
    "approval.quota": gettext_lazy("A wish for quota waits for you."),
}


def payload(event: Event) -> bytes:
    """Return the body that tells of an event; its `id` is the same at every try."""
    # Another release of the portal may have queued it: then the verb is of no kind any more.
    kind = BY_VERB.get(event.verb)
    with override(get_config().default_language):
        text = str(PLAIN[event.verb]) if event.verb in PLAIN else sentence(event)
        return _body(
            key=event.pk, kind=kind.key if kind else "", verb=event.verb, text=text,
            url=address(event), time=event.at, level=event.level,
        )  # fmt: skip


def trial(at: datetime) -> bytes:
    """Return a body that tells of nothing."""
    return _body(
        key=uuid4(), kind="test", verb="webhook.test", text=_("This is a test."),
        url=get_config().public_url + reverse("activity:preferences"), time=at, level=Level.INFO,
    )  # fmt: skip


def _body(
    *, key: UUID, kind: str, verb: str, text: str, url: str, time: datetime, level: str
) -> bytes:
    told = {
        "id": str(key), "kind": kind, "verb": verb, "text": text, "url": url,
        "time": time.isoformat(), "level": str(level),
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()
