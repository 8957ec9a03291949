"""The tone and the word of every state that a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Tone(StrEnum):
    """What a colour says: holds, runs, waits, failed, or nothing in particular."""

    OK = "ok"
    RUN = "run"
    WAIT = "wait"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Look:
    """How one state is shown."""

    tone: Tone
    word: str | Promise


LOOKS: dict[str, Look] = {
    # captures and proofs
    "fetching": Look(Tone.RUN, _("fetching")),
    "reading": Look(Tone.RUN, _("reading")),
    "proposed": Look(Tone.WAIT, _("draft")),
    "saved": Look(Tone.OK, _("saved")),
    "none": Look(Tone.IDLE, _("not proven")),
    "passed": Look(Tone.OK, _("proven")),
    # requests and rules
    "preparing": Look(Tone.RUN, _("preparing")),
    "waiting_approval": Look(Tone.WAIT, _("waits for approval")),
    "replicating": Look(Tone.RUN, _("replicating")),
    "stuck": Look(Tone.BAD, _("stuck")),
    "ok": Look(Tone.OK, _("complete")),
    "partial": Look(Tone.WAIT, _("partly there")),
    "absent": Look(Tone.IDLE, _("nothing here yet")),
    "cancelled": Look(Tone.IDLE, _("cancelled")),
    "expired": Look(Tone.IDLE, _("expired")),
    "suspended": Look(Tone.WAIT, _("suspended")),
    # uploads
    "receiving": Look(Tone.WAIT, _("half done")),
    "checking": Look(Tone.RUN, _("checking")),
    "storing": Look(Tone.RUN, _("storing")),
    "registering": Look(Tone.RUN, _("registering")),
    "refused": Look(Tone.BAD, _("refused")),
    # sessions
    "queued": Look(Tone.WAIT, _("queued")),
    "starting": Look(Tone.RUN, _("starting")),
    "ready": Look(Tone.OK, _("ready")),
    "stopping": Look(Tone.WAIT, _("stopping")),
    "stopped": Look(Tone.IDLE, _("stopped")),
    # environments of one's own
    "building": Look(Tone.RUN, _("being made")),
    # runs and their steps
    "running": Look(Tone.RUN, _("running")),
    "comparing": Look(Tone.RUN, _("comparing")),
    "finished": Look(Tone.OK, _("finished")),
    "failed": Look(Tone.BAD, _("failed")),
    "done": Look(Tone.OK, _("done")),
    "waiting": Look(Tone.IDLE, _("waiting")),
    "skipped": Look(Tone.IDLE, _("skipped")),
    # campaigns
    "draft": Look(Tone.IDLE, _("not started")),
    "paused": Look(Tone.WAIT, _("paused")),
    "reproduced": Look(Tone.OK, _("reproduced")),
    # levels of a verdict
    "bit-identical": Look(Tone.OK, _("bit-identical")),
    "content-identical": Look(Tone.OK, _("content-identical")),
    "numerically-equal": Look(Tone.OK, _("numerically equal")),
    "statistically-compatible": Look(Tone.WAIT, _("statistically compatible")),
    "different": Look(Tone.BAD, _("different")),
    "missing": Look(Tone.BAD, _("missing")),
    "variation": Look(Tone.IDLE, _("variation")),
    "verified": Look(Tone.OK, _("verified")),
    "substituted": Look(Tone.WAIT, _("substituted")),
    "stale": Look(Tone.WAIT, _("stale")),
    "added": Look(Tone.WAIT, _("added")),
    "removed": Look(Tone.WAIT, _("removed")),
    "changed": Look(Tone.WAIT, _("changed")),
    # deposits
    "publishing": Look(Tone.RUN, _("being published")),
    "published": Look(Tone.OK, _("published")),
    # accounts and backends
    "working": Look(Tone.RUN, _("working on it")),
    "pending": Look(Tone.WAIT, _("pending")),
    "up": Look(Tone.OK, _("answers")),
    "down": Look(Tone.BAD, _("does not answer")),
    "unknown": Look(Tone.IDLE, _("not asked yet")),
    "live": Look(Tone.RUN, _("live")),
}


def look(state: object) -> Look:
    """Return how a state is shown; one that is not known keeps its own word, without colour."""
    name = str(getattr(state, "value", state)).strip()
    key = name.lower()
    found = LOOKS.get(key) or LOOKS.get(key.replace("_", "-")) or LOOKS.get(key.replace("-", "_"))
    return found or Look(Tone.IDLE, name.replace("_", " "))
