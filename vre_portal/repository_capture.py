"""Captures from Git repositories: fetched by a process in a cage, read as any ZIP of a stranger."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.services import staging
from reproducibility.capture.values import Code, Found
from reproducibility.models import Capture, Source
from reproducibility.services.captures import archives, sources
from reproducibility.services.captures.gathering import Gathering
from reproducibility.services.captures.sources import Choice, Origin
from sessions.builder import cage
from sessions.builder.job import ORDER
from sessions.builder.order import FETCH, Limits, Order
from sessions.services.repository_links import checked_repository
from vre_portal.config import Stage, get_config
from vre_portal.errors import InvalidRequest, UpstreamUnavailable
from vre_portal.repository_worker import FILES, RESULT

SOURCE = Path(__file__).resolve().parents[1]
WORKER = SOURCE / "vre_portal" / "repository_worker.py"
#: As a script: its package would bring all of Django along.
INSIDE = (
    "import runpy, sys; sys.path.insert(0, sys.argv[1]); "
    "sys.exit(runpy.run_path(sys.argv[2])['main'](sys.argv[3]))"
)
#: What the cage shows of the portal's own code.
CODE = (SOURCE / "sessions" / "__init__.py", SOURCE / "sessions" / "builder", WORKER)
LIMITS = Limits(seconds=150.0, disk_bytes=1 << 30, memory_bytes=2 << 30)
FIELD = "repository"


def register() -> None:
    """Let analyses be captured from Git repositories."""
    sources.register(Source.REPOSITORY, RepositorySource)


class RepositorySource:
    """A public repository at a branch, tag or commit."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Check the address; whether there is a repository shows when it is fetched."""
        found = checked_repository(
            wish.get("repository", ""), wish.get("ref", ""), wish.get("path", "")
        )
        if found is None:
            raise InvalidRequest(_("Give the repository's address."), field=FIELD)
        return {"repository": found.url, "ref": found.ref, "path": found.path, "name": found.name}

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Fetch one commit and take its files."""
        origin = capture.origin
        gathering.tell(0, 0)
        folder = Path(tempfile.mkdtemp(prefix="capture-", dir=staging.folder()))
        try:
            told = fetch(folder, origin["repository"], origin["ref"])
            archives.gather(_plain(folder / "work" / FILES), gathering)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for path in told.get("left_out", ())[:20]:
            gathering.note(_("%s is a link or another repository, and is left out.") % path[:80])
        code = Code(repository=origin["repository"], commit=str(told["commit"])[:64])
        return Found(tuple(gathering.files), code=code, entry=origin["path"])

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Keep nothing: nothing was kept."""

    def choices(self, user: User) -> list[Choice]:
        """Return none: an address is typed."""
        return []


def fetch(folder: Path, url: str, ref: str) -> Mapping[str, Any]:
    """Fetch one commit into the folder's `work`; return what the process inside tells.

    Raises
    ------
    InvalidRequest
        There is no such repository or commit, or it is too large.
    UpstreamUnavailable
        This machine can't lock the work up.
    """
    folder.chmod(0o755)
    work = folder / "work"
    order = _order(work, url, ref)
    inside = [sys.executable, "-I", "-B", "-c", INSIDE, *map(str, (SOURCE, WORKER, work / ORDER))]
    try:
        cage.own(work)
        order.write(work / ORDER)
        subprocess.run(  # noqa: S603 - our own code, locked up
            cage.command(order, inside),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=work, env={"LANG": "C.UTF-8", "PATH": os.defpath}, start_new_session=True,
            timeout=LIMITS.seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        raise InvalidRequest(_("The repository is too large, or its server too slow."),
                             field=FIELD) from exc  # fmt: skip
    except cage.NoCage as exc:
        words = _("Repositories can't be captured at this site at the moment. Hand in a ZIP.")
        raise UpstreamUnavailable(words) from exc
    return _told(work)


def _plain(path: Path) -> Path:
    """Return a path that is a file of its own: what was inside may have put a link there."""
    if path.is_symlink() or not path.is_file():
        raise InvalidRequest(_("The repository could not be read."), field=FIELD)
    return path


def _told(work: Path) -> Mapping[str, Any]:
    try:
        told = dict(json.loads(_plain(work / RESULT).read_bytes()[: 1 << 20]))
    except (OSError, ValueError, TypeError) as exc:
        words = _("The repository could not be read: it is too large, or its server too slow.")
        raise InvalidRequest(words, field=FIELD) from exc
    if told.get("reason") or not told.get("commit"):
        reason = str(told.get("reason") or _("The repository could not be read."))[:500]
        raise InvalidRequest(reason, field=FIELD)
    return told


def _order(work: Path, url: str, ref: str) -> Order:
    config = get_config()
    given = config.build_bwrap
    bwrap = str(given) if given and os.access(given, os.X_OK) else shutil.which("bwrap") or ""
    return Order(
        kind=FETCH, work=str(work), finished="", python=sys.executable, bwrap=bwrap, url=url,
        ref=ref, visible=(*_python_folders(), *map(str, CODE)),
        private_addresses=config.environment is not Stage.PRODUCTION, limits=LIMITS,
    )  # fmt: skip


def _python_folders() -> tuple[str, ...]:
    """Return the portal's virtual environment and the Python that it was made from."""
    home = Path(sys.executable).resolve().parent.parent
    folders = [sys.prefix] if home == Path("/usr") else [sys.prefix, str(home)]
    return tuple(dict.fromkeys(folders))
