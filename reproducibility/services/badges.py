"""The badge of an analysis: how it stands in three words, for pages elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.compare import Level
from reproducibility.models import Analysis, Proof
from reproducibility.services.analyses import is_number, is_uuid
from reproducibility.services.verdicts_history import GOOD, Stale, Standing, standing
from vre_portal.components.states import Tone, look


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says at its left and its right, and in which tone."""

    left: str
    right: str
    tone: Tone

    @property
    def title(self) -> str:
        """The whole in a sentence, for screen readers."""
        return f"{self.left}: {self.right}"


def badge_of(shown: Standing) -> Badge:
    """Return what a badge says of an analysis."""
    left = _("reproduced")
    if shown.stale_reason:
        return Badge(left, f"{_('stale')}: {_stale_words(shown.stale_reason)}", Tone.WAIT)
    if shown.level:
        return Badge(left, _last_verdict(shown), _tone(shown.level))
    if shown.proof == Proof.FAILED:
        return Badge(left, _("proof failed"), Tone.BAD)
    proved = shown.proof == Proof.PASSED
    return Badge(left, _("not yet · proof passed") if proved else _("not yet"), Tone.IDLE)


def nothing_known() -> Badge:
    """Return the badge of what does not exist or is not published: nobody can tell which."""
    return Badge(_("reproduced"), _("not known here"), Tone.IDLE)


def badged(key: UUID | str, *, number: str = "", user: User | None = None) -> Standing | None:
    """Return how a published analysis (or one of the user's own) stands; None where there is none.

    `number` names another version than the newest.
    """
    seen = Q(published=True) | (Q(owner=user) if user else Q())
    wanted = Q(slug=str(key)) | (Q(pk=key) if is_uuid(key) else Q())
    analysis = Analysis.objects.select_related("current").filter(seen, wanted).first()
    if analysis is None or analysis.current is None:
        return None
    if not number:
        return standing(analysis)
    known = Q(public=True) if analysis.owner != user else Q()
    version = analysis.versions.filter(known, number=number).first() if is_number(number) else None
    return standing(analysis, version) if version else None


def _last_verdict(shown: Standing) -> str:
    parts = [str(look(shown.level).word), shown.at.strftime("%Y-%m-%d") if shown.at else ""]
    if shown.environment:
        parts.append(_("environment %s") % environment_words(shown.environment))
    return " · ".join(filter(None, parts))


def environment_words(environment: str) -> str:
    """Return in which environment a run was, beside the recorded one, in people's words."""
    words = {
        "exact": _("exact"),
        "same-lock": _("with the same lock"),
        "substituted": _("substituted"),
        "unknown": _("not known"),
    }
    return words.get(environment, environment)


def _stale_words(reason: Stale) -> str:
    return {Stale.INPUT: _("input replaced"), Stale.ENVIRONMENT: _("environment gone")}[reason]


def _tone(level: str) -> Tone:
    if level not in GOOD:
        return Tone.BAD
    return Tone.WAIT if level == Level.STATISTICALLY_COMPATIBLE else Tone.OK
