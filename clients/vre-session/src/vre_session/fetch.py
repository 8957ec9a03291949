"""A process that fetches one repository: prints a line of JSON, runs nothing of what it fetched."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import Repo

from vre_session.folders import TooLong, size_of
from vre_session.repositories import name_of, too_large

COMMIT_LENGTHS = frozenset({40, 64})
#: Where the commit is written down that was checked out here: what stands at another one, a branch
#: or what was stashed away too, is the user's work.
MARK = "vre-commit"
WORK = (b"refs/heads/", b"refs/stash")
YOURS = "There are changes of yours in it: it stays as it is."


class Failed(Exception):
    """It can't be fetched; the text says why."""


def fetch(url: str, ref: str, into: Path, part: Path, *, most: int) -> dict[str, str]:
    """Return where a repository lies and at which commit, fetched or brought up to date."""
    target = _place(url, into)
    if target.exists() and (kept := _kept(target)):
        return kept
    commit = _clone(url, ref, part)
    if size_of(part) > most:
        raise Failed(too_large(most))
    if not target.exists():
        part.rename(target)
        return {"folder": str(target), "commit": commit}
    return _take_over(target, part, commit)


def _place(url: str, into: Path) -> Path:
    """Return the folder of this origin, else a free one."""
    name, number = name_of(url), 1
    while True:
        place = into / (name if number == 1 else f"{name}-{number}")
        if not (place.exists() or place.is_symlink()) or _origin(place) == url:
            return place
        number += 1


def _origin(folder: Path) -> str | None:
    try:
        with Repo(str(folder)) as repo:
            return str(repo.get_config().get((b"remote", b"origin"), b"url").decode())
    except (NotGitRepository, KeyError, OSError, UnicodeDecodeError):
        return None


def _kept(folder: Path) -> dict[str, str] | None:
    """Return what is to be told of a folder that has changes of the user's, None without."""
    with Repo(str(folder)) as repo:
        head = repo.head().decode()
        mark = Path(repo.controldir(), MARK)
        told = mark.read_text().strip() if mark.exists() else ""
        status = porcelain.status(repo, ignored=True, untracked_files="all")
        changed = any(status.staged.values()) or status.unstaged or status.untracked
        refs = repo.get_refs().items()
        own = [name for name, at in refs if name.startswith(WORK) and at.decode() != told]
        if head == told and not changed and not own:
            return None
        return {"folder": str(folder), "commit": head, "message": YOURS}


def _clone(url: str, ref: str, part: Path) -> str:
    """Clone into a folder and return the commit that is checked out there.

    A branch or a tag comes without its history; a commit has to be looked for in all of it.
    """
    is_commit = len(ref) in COMMIT_LENGTHS and not set(ref.lower()) - set("0123456789abcdef")
    # Progress goes nowhere: the last line that is printed is the answer.
    with open("/dev/null", "wb") as nowhere:  # noqa: PTH123 - a stream, not a file's content
        if is_commit:
            repo = porcelain.clone(url, str(part), checkout=False, errstream=nowhere)
        else:
            repo = porcelain.clone(
                url, str(part), depth=1, branch=ref or None, checkout=True, errstream=nowhere
            )
    with contextlib.closing(repo):
        if is_commit:
            wanted, branch = ObjectID(ref.lower().encode()), Ref(b"refs/heads/vre")
            if wanted not in repo.object_store:
                raise Failed(f"There is no commit {ref} in it.")
            for name in repo.get_refs():
                if name.startswith(b"refs/heads/"):
                    del repo.refs[Ref(name)]
            repo.refs.set_symbolic_ref(Ref(b"HEAD"), branch)
            repo.refs[branch] = wanted
            porcelain.reset(repo, "hard", ref.lower())
        commit = str(repo.head().decode())
        Path(repo.controldir(), MARK).write_text(commit)
    return commit


def _take_over(target: Path, part: Path, commit: str) -> dict[str, str]:
    """Put a new clone in the place of an old one, unless that was changed meanwhile."""
    if kept := _kept(target):
        return kept
    aside = part.with_name(f"{part.name}-old")
    target.rename(aside)
    part.rename(target)
    # Only now is the old one gone: a fetch that is ended in between loses nothing.
    shutil.rmtree(aside, ignore_errors=True)
    return {"folder": str(target), "commit": commit}


def main(told: str) -> dict[str, Any]:
    """Fetch what is told in JSON, and return the answer or the error in words."""
    url, ref, into, part, most = json.loads(told)
    try:
        return fetch(url, ref, Path(into), Path(part), most=most)
    except Failed as exc:
        return {"error": str(exc)}
    except TooLong:
        return {"error": too_large(most)}
    except (GitProtocolError, HangupException, NotGitRepository) as exc:
        return {"error": f"No repository can be fetched from there: {exc}"}
    except porcelain.Error as exc:
        return {"error": f"It can't be fetched: {exc}"}
    except (KeyError, ValueError, OSError) as exc:
        return {"error": f"It can't be fetched ({type(exc).__name__}: {exc})"}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
