"""What one click launches: the site's default, and the last session once more."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from sessions import environments
from sessions.definitions import Environment
from sessions.models import Session
from sessions.services.launching import launch, launch_again
from sessions.services.reading import visible_to
from vre_portal.errors import InvalidRequest, NotFound, PortalError


@dataclass(frozen=True, slots=True)
class Quick:
    """What is offered; None where there is no such thing."""

    default: Environment | None = None
    last: Session | None = None


def quick(user: User) -> Quick:
    """Return what one click launches for a user; a broken list of environments offers none."""
    try:
        default = default_environment(user)
    except PortalError:
        return Quick()
    return Quick(default, last_session(user) if default else None)


def default_environment(user: User) -> Environment | None:
    """Return the environment that a user gets without choosing, None when they may use none."""
    usable = environments.usable(user)
    return next((each for each in usable if each.default), next(iter(usable), None))


def last_session(user: User) -> Session | None:
    """Return the session that a user launched last."""
    return visible_to(user).order_by("-created_at").first()


def launch_default(user: User) -> Session:
    """Launch what a user gets without choosing.

    Raises
    ------
    InvalidRequest
        There is nothing that they may use.
    """
    default = default_environment(user)
    if default is None:
        raise InvalidRequest(_("There is no environment here that you may use."))
    return launch(user, environment=default.slug)


def launch_last(user: User) -> Session:
    """Launch a session with the settings of the last one, or raise `NotFound` without one."""
    last = last_session(user)
    if last is None:
        raise NotFound(_("You have not launched a session yet."))
    return launch_again(last)
