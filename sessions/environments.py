"""The site's environments: one file for portal and hub, and who may launch what of it.

The format itself is `sessions.definitions`, with which the hub's hook checks too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from django.utils import timezone

from accounts.models import User
from sessions import definitions, made
from sessions.definitions import Definitions, Environment, Launch
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, InvalidRequest, PortalError, UpstreamUnavailable


class EnvironmentsInvalid(PortalError):
    """The site's file of environments is wrong; `faults` has each with file, line and field."""

    code, title = "environments-invalid", "The site's environments are misconfigured"

    def __init__(self, faults: tuple[str, ...]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(
            f"No session can be launched until the operators have corrected this: {faults[0]}{more}"
        )
        self.faults = faults


def site() -> Definitions:
    """Return all that the file defines, read again when it changes.

    Raises
    ------
    EnvironmentsInvalid
        The file has faults.
    UpstreamUnavailable
        No file is configured, or it can't be read.
    """
    path = get_config().environments_file
    try:
        if path is None:
            raise FileNotFoundError("VRE_ENVIRONMENTS_FILE")
        found = _read(path, path.stat().st_mtime_ns)
    except OSError as exc:
        raise UpstreamUnavailable(
            "This site offers no session environments at the moment. Tell the operators."
        ) from exc
    if isinstance(found, Definitions):
        return found
    raise EnvironmentsInvalid(found)


def all_environments() -> tuple[Environment, ...]:
    """Return every environment in the order of the file; raises as `site` does."""
    return site().environments


def told_of(user: User) -> list[Environment]:
    """Return what a person may know of: the site's, and what they or their groups made."""
    of_the_site = [
        each
        for each in all_environments()
        if not each.owner or each.open_to(user.groups, user.handle)
    ]
    return [*of_the_site, *made.offered_to(user)]


def usable(user: User) -> list[Environment]:
    """Return what a person may launch today."""
    return [each for each in told_of(user) if may_use(user, each)]


def may_use(user: User, environment: Environment) -> bool:
    """Whether a person may launch an environment today."""
    allowed = environment.open_to(user.groups, user.handle)
    return allowed and not environment.over(timezone.localdate())


def named(slug: str) -> Environment:
    """Return an environment.

    Raises
    ------
    InvalidRequest
        There is no such environment.
    """
    if (own := made.named(slug)) is not None:
        return own
    try:
        return definitions.named(all_environments(), slug)
    except definitions.WrongChoice as exc:
        raise InvalidRequest(exc.message, field=exc.field) from exc


def chosen(environment: Environment, wanted: Mapping[str, str], *, user: User) -> Launch:
    """Return what a session of this person is started with, checked as the hub will.

    Raises
    ------
    Forbidden
        The environment is for others.
    InvalidRequest
        An option or a choice that the environment does not have, or its last day is over.
    """
    if "profile" in wanted:
        raise InvalidRequest(
            f"{environment.title} has no option 'profile'.", field="options.profile"
        )
    wish = {"profile": environment.slug, **wanted}
    try:
        return definitions.choose(
            environment,
            wish,
            handle=user.handle,
            groups=user.groups,
            today=timezone.localdate(),
        )
    except definitions.NotForYou as exc:
        raise Forbidden(exc.message) from exc
    except definitions.WrongChoice as exc:
        raise InvalidRequest(exc.message, field=exc.field) from exc


def user_options(
    environment: Environment, wanted: Mapping[str, str], *, user: User
) -> dict[str, str]:
    """Return what the hub is asked for; raises as `chosen` does."""
    return dict(chosen(environment, wanted, user=user).user_options)


def settled(options: Mapping[str, str], among: Iterable[Environment]) -> Launch | None:
    """Return what a session's options add up to, None where the site no longer has them."""
    try:
        profile = options.get("profile")
        environment = made.named(profile) or definitions.named(among, profile)
        return definitions.settled(environment, options)
    except definitions.Refused:
        return None


def faults() -> tuple[str, ...]:
    """Return what is wrong with the file, so that it is told at the start and not at a launch."""
    path = get_config().environments_file
    if path is None:
        return ()
    try:
        site()
    except EnvironmentsInvalid as exc:
        return exc.faults
    except UpstreamUnavailable:
        return (f"{path} can't be read",)
    return ()


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Definitions | tuple[str, ...]:
    # `changed` makes the cache's key; faults are kept too, so that no page reads a bad file again.
    try:
        return definitions.read(path)
    except definitions.FileInvalid as exc:
        return exc.lines
