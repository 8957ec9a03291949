"""Which events are notices that may go out by mail: one table from verbs to kinds."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kind:
    """What a person switches on or off together; `usual` holds until they choose."""

    key: str
    title: Promise
    help: Promise
    verbs: tuple[str, ...]
    usual: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(
        "session-ending",
        _("A session is about to end"),
        _("15 minutes before, so that you can extend it."),
        ("session.ending",),
        usual=True,
    ),
    Kind(
        "session-failed",
        _("A session failed"),
        _("It did not start, or it broke down."),
        ("session.failed",),
    ),
    Kind(
        "session-shared",
        _("A session was shared with you"),
        _("Somebody lets you into their session, or hands one over to you."),
        ("session.shared", "session.handed-over"),
    ),
    Kind(
        "verification",
        _("A scheduled verification could not take place"),
        _("Your sign-in has ended, or an input of your analysis was replaced."),
        ("analysis.verification-waits", "analysis.stale"),
        usual=True,
    ),
    Kind(
        "data-done",
        _("A data request is done"),
        _("The copy is where you asked for it."),
        ("replica-request.ok",),
    ),
    Kind(
        "data-stuck",
        _("A data request is stuck or failed"),
        _("Its page says why, and what you can do."),
        ("replica-request.stuck", "replica-request.failed"),
    ),
    Kind(
        "data-ending",
        _("A copy is about to end"),
        _("Some days before, or when the storage keeps it shorter than you asked for."),
        ("replica-request.ends-soon", "replica-request.lifetime-cut"),
        usual=True,
    ),
    Kind(
        "run-done",
        _("A run has its verdict"),
        _("Every output was compared with the recorded one."),
        ("run.finished",),
    ),
    Kind(
        "run-failed",
        _("A run failed or waits for you"),
        _("Its page says why, and what you can do."),
        ("run.failed",),
    ),
    Kind(
        "campaign-done",
        _("A campaign has ended"),
        _("All its points are done or have failed, and their results are in one table."),
        ("campaign.finished",),
        usual=True,
    ),
    Kind(
        "campaign-waits",
        _("A campaign waits for you"),
        _("The points to try first are done, your quota is used up, or it could not go on."),
        ("campaign.paused",),
        usual=True,
    ),
    Kind(
        "approvals",
        _("Approvals"),
        _("What you asked for was granted or denied; for data managers, what waits for them."),
        (
            "replica-request.approved", "replica-request.denied", "rule.approved", "rule.denied",
            "quota-request.granted", "quota-request.denied", "approval.waits", "approval.quota",
        ),
        usual=True,
    ),
)  # fmt: skip

BY_VERB = {verb: kind for kind in KINDS for verb in kind.verbs}
