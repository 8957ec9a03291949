"""What is free now, from the portal's own table: sessions of all, one's own, accelerators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import User
from sessions import environments
from sessions.definitions import Accelerator, Definitions, Environment
from sessions.models import Session
from vre_portal.config import get_config
from vre_portal.errors import QuotaExceeded


@dataclass(frozen=True, slots=True)
class Devices:
    """Accelerators of one kind: how many the site has, and how many are taken."""

    name: str
    kind: str
    used: int
    total: int

    @property
    def free(self) -> int:
        """How many a new session can get."""
        return max(0, self.total - self.used)


@dataclass(frozen=True, slots=True)
class Room:
    """What is taken of what there is; a limit that is None is not set."""

    running: int
    limit: int | None
    mine: int
    per_person: int | None
    used: Mapping[str, int] = field(default_factory=dict)
    accelerators: Mapping[str, int] = field(default_factory=dict)

    @property
    def free(self) -> int | None:
        """How many sessions can still start on the site, None when nobody counts."""
        return None if self.limit is None else max(0, self.limit - self.running)

    @property
    def reached(self) -> bool:
        """Whether the person has as many sessions as one may have."""
        return self.per_person is not None and self.mine >= self.per_person

    def devices(self, environment: Environment) -> list[Devices]:
        """Return the accelerators that an environment offers and the site counts."""
        offered = {each.kind: each.name for each in _offered(environment)}
        return [
            Devices(name, kind, self.used.get(kind, 0), self.accelerators[kind])
            for kind, name in offered.items()
            if kind in self.accelerators
        ]


def room(user: User) -> Room:
    """Return what is free for a person, by one query and one for each choice of what people made.

    Raises
    ------
    EnvironmentsInvalid, UpstreamUnavailable
        The environments can't be read.
    """
    site, config = environments.site(), get_config()
    rows = list(Session.objects.active().values_list("user_id", "options"))
    return Room(
        running=len(rows),
        limit=config.sessions_site_limit,
        mine=sum(owner == user.pk for owner, _options in rows),
        per_person=config.sessions_per_person,
        used=_used((options for _owner, options in rows), site) if site.accelerators else {},
        accelerators=site.accelerators,
    )


def _used(taken: Iterable[Mapping[str, str]], site: Definitions) -> Counter[str]:
    """Return how many accelerators of each kind are taken; the same choice is looked up once."""
    used: Counter[str] = Counter()
    for chosen, times in Counter(frozenset(options.items()) for options in taken).items():
        launch = environments.settled(dict(chosen), site.environments)
        if launch is not None and launch.accelerator is not None:
            used[launch.accelerator.kind] += launch.accelerator.count * times
    return used


def check_person_alone(user: User) -> None:
    """Check as `check_person`, and let nobody else count for that person in this transaction."""
    if get_config().sessions_per_person is None:
        return
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    check_person(user)


def check_person(user: User) -> None:
    """Raise `QuotaExceeded` when a person has as many sessions as one may have."""
    limit = get_config().sessions_per_person
    if limit is None:
        return
    mine = Session.objects.active().filter(user=user).count()
    if mine >= limit:
        raise QuotaExceeded(said(mine, limit), need=1, limit=limit, used=mine)


def said(mine: int, limit: int) -> str:
    """Return the sentence for who has reached the limit: what it is, and what to do."""
    return _(
        "You run %(mine)s of %(limit)s sessions. Stop one that you no longer need, "
        "then launch this one."
    ) % {"mine": mine, "limit": limit}


def _offered(environment: Environment) -> Iterable[Accelerator]:
    settings = [environment.settings]
    settings += [choice.settings for each in environment.options for choice in each.choices]
    return [each.accelerator for each in settings if each.accelerator]
