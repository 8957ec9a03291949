"""A Git repository that a link or a form names, checked before anything is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext as _

from vre_portal.config import LOOPBACK, Stage, get_config
from vre_portal.errors import InvalidRequest

MAX_URL, MAX_REF, MAX_PATH = 400, 200, 400
#: Begins with a letter or digit, so that it is no option of a program, and is one word.
REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")
CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
NOT_IN_PATH = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class RepositoryLink:
    """Which repository, at which branch, tag or commit, and the file to open; both may be empty."""

    url: str
    ref: str = ""
    path: str = ""

    @property
    def host(self) -> str:
        """Whose server it comes from, as people have to judge it."""
        return urlsplit(self.url).netloc

    @property
    def name(self) -> str:
        """What the repository is called."""
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".git")

    def as_state(self) -> dict[str, str]:
        """Return it as a session's row keeps it, before anything was fetched."""
        wish = {"url": self.url, "ref": self.ref, "path": self.path}
        return wish | {"id": "", "state": "waiting", "message": "", "folder": "", "commit": ""}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> RepositoryLink | None:
        """Return what a session's row asks for, None when it asks for nothing."""
        if not state.get("url"):
            return None
        return cls(str(state["url"]), str(state.get("ref", "")), str(state.get("path", "")))


def checked_repository(url: str, ref: str = "", path: str = "") -> RepositoryLink | None:
    """Return the repository that is asked for; None when none is.

    Raises
    ------
    InvalidRequest
        The address, the ref or the path can't be used; `field` names which.
    """
    url, ref, path = url.strip(), ref.strip(), path.strip()
    if not url:
        if ref or path:
            raise InvalidRequest(_("Give the repository's address too."), field="repository")
        return None
    return RepositoryLink(_checked_url(url), _checked_ref(ref), _checked_path(path))


def _checked_url(url: str) -> str:
    if len(url) > MAX_URL or CONTROL.search(url) or not url.isprintable():
        _refuse(_("That is no address of a Git repository."))
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        _refuse(_("That is no address of a Git repository."))
    if not _may_be_fetched(parts):
        _refuse(_("Give the address of a public Git repository that begins with https://."))
    if "@" in parts.netloc:
        _refuse(
            _("Leave name and password out of the address: it is seen by whoever has the link.")
        )
    if parts.query or parts.fragment or not parts.path.strip("/"):
        _refuse(_("Give the address that `git clone` takes, with nothing behind it."))
    return url


def _may_be_fetched(parts: SplitResult) -> bool:
    if not parts.hostname:
        return False
    here = get_config().environment is not Stage.PRODUCTION and parts.hostname in LOOPBACK
    return parts.scheme == "https" or (parts.scheme == "http" and here)


def _refuse(text: str) -> NoReturn:
    raise InvalidRequest(text, field="repository")


def _checked_ref(ref: str) -> str:
    if ref and (len(ref) > MAX_REF or ".." in ref or not REF.fullmatch(ref)):
        raise InvalidRequest(_("Give the name of a branch or tag, or a commit."), field="ref")
    return ref


def _checked_path(path: str) -> str:
    parts = path.split("/")
    wrong = NOT_IN_PATH.search(path) or path.startswith("/") or ".." in parts or ".git" in parts
    if wrong or len(path) > MAX_PATH:
        raise InvalidRequest(
            _("Give the file's path inside the repository, as notebooks/first.ipynb."), field="path"
        )
    return path.rstrip("/")
