"""Where a session opens in the browser: its environment's front page, or one of its files."""

from __future__ import annotations

from urllib.parse import quote

from sessions.models import Session
from sessions.services.ends import Policy

LAB, TREE = "lab", "tree"


def base_of(session: Session, url: str = "") -> str:
    """Return the path below the hub's address under which a session's own server answers."""
    known = url or session.url
    mark = f"/{session.server}/"
    if mark in known:
        return known[: known.index(mark) + len(mark)]
    return f"/user/{quote(session.user.handle)}/{session.server}/"


def front_of(session: Session, url: str = "") -> str:
    """Return where its environment opens: JupyterLab, the classic notebook, an editor, ..."""
    return f"{base_of(session, url)}{Policy.of(session).opens}"


def opened_file(session: Session, path: str, url: str = "") -> str:
    """Return where a file opens; an environment that shows no files by address opens as it is."""
    opens, base = Policy.of(session).opens, base_of(session, url)
    if opens.startswith(LAB):
        return f"{base}lab/tree/{quote(path)}"
    if opens.startswith(TREE):
        kind = "notebooks" if path.endswith(".ipynb") else "edit"
        return f"{base}{kind}/{quote(path)}"
    return front_of(session, url)
