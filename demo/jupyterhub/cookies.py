"""Cookie names of the hub's own: browsers do not tell the ports of one host apart."""

from __future__ import annotations

import jupyterhub.handlers.base
import jupyterhub.objects

SESSION_COOKIE = "jupyterhub-session-id"


def rename(suffix: str) -> None:
    """Give the hub's cookies a suffix, so that two stacks side by side keep their sign-ins apart.

    JupyterHub has no setting for these two names. Cookies of sessions carry the user's name and
    a path; `vre_session.extension` reads the session id by its new name.
    """
    jupyterhub.objects.Hub.cookie_name = f"jupyterhub-hub-login{suffix}"
    jupyterhub.handlers.base.SESSION_COOKIE_NAME = f"{SESSION_COOKIE}{suffix}"
