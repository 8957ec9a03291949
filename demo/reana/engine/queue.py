"""Which queued runs begin: a fair share of the slots for each person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from demo.reana.values import Workflow


def next_to_begin(
    queued: Sequence[Workflow], running: Sequence[Workflow], *, slots: int
) -> list[Workflow]:
    """Return the runs that begin now, for as many slots as are free.

    Each slot goes to the oldest run of the person with the fewest running ones; `queued` comes
    oldest first. Between people with equally many it is the oldest run that decides.
    """
    share = Counter(one.owner for one in running)
    waiting = list(queued)
    chosen: list[Workflow] = []
    while waiting and len(running) + len(chosen) < slots:
        least = min(waiting, key=lambda one: share[one.owner])
        waiting.remove(least)
        share[least.owner] += 1
        chosen.append(least)
    return chosen
