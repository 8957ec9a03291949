"""How fast campaigns ask the workflow service: below its limit, and less while it pushes back.

Both are kept a person, as the service counts: at so many questions a second points may start, and
after a refusal (429, 503, no answer) nobody of theirs asks for a while, twice as long each time.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache

from reproducibility.models import Campaign, Run
from vre_portal.config import get_config
from vre_portal.errors import PortalError

#: Seconds of silence after a refusal: the first ones, and the most.
FIRST_SECONDS, MOST_SECONDS = 5.0, 300.0
#: Questions that every point asks: find, create, what is there, start, environment, log, and a
#: share of the lists; its files and the files of its results come on top.
QUESTIONS = 7
#: Seconds of the pace that may be used up at once.
BURST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Until when nothing is asked, after how many refusals in a row, and what the last one said."""

    until: float
    refusals: int
    words: str

    @property
    def seconds(self) -> float:
        """How long it still lasts."""
        return max(0.0, self.until - time.time())


def silence(user_id: UUID) -> Silence | None:
    """Return the last silence of somebody's campaigns; its seconds are 0 once they may ask."""
    kept: Silence | None = cache.get(_silence_key(user_id))
    return kept


def went_well(user_id: UUID) -> None:
    """Forget that a service refused: it works again."""
    cache.delete(_silence_key(user_id))


def pushed_back(run: Run, error: PortalError, words: str) -> float:
    """Note that a service refused a point for now, and return in how many seconds to come back.

    Points that were asking at the same moment count as one refusal. It is forgotten when points
    have ended since, or as long a time again went well.
    """
    key, kept = _silence_key(run.user_id), silence(run.user_id)
    if kept is None or not kept.seconds:
        refusals = kept.refusals + 1 if kept else 1
        wanted = getattr(error, "retry_after", None) or 0
        seconds = max(wanted, min(FIRST_SECONDS * 2 ** (refusals - 1), MOST_SECONDS))
        kept = Silence(time.time() + seconds, refusals, words)
        cache.set(key, kept, timeout=int(2 * seconds) + 1)
    return spread(kept.seconds)


def spread(seconds: float) -> float:
    """Return a time up to a fifth later, so that not all come back at the same moment."""
    return seconds * random.uniform(1.0, 1.2)  # noqa: S311  no secret


def may_start(campaign: Campaign, wanted: int) -> int:
    """Return how many of so many points may start now, and count them as started."""
    pace = get_config().campaign_questions
    if not pace or not wanted:
        return wanted
    seconds = questions_of(campaign) / pace
    key, now = f"campaign-pace:{campaign.user_id}", time.time()
    # The time up to which the pace is used up: the generic cell rate algorithm.
    used: float = max(now, cache.get(key) or 0.0)
    number = min(wanted, max(0, int((now + BURST_SECONDS - used) / seconds + 1)))
    cache.set(key, used + number * seconds, timeout=3600)
    return number


def questions_of(campaign: Campaign) -> int:
    """Return how many questions a point of a campaign asks the service, about."""
    paths = {each["path"] for each in campaign.results}
    return QUESTIONS + campaign.version.files.count() + len(paths)


def _silence_key(user_id: UUID) -> str:
    return f"campaign-silence:{user_id}"
