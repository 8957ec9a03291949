"""The cage: what the work inside sees of the machine, and the rights that it keeps.

bubblewrap shows it the system's programs, the base, and one folder to write to, in a process
table of its own: when its first process ends, all others do. Without it only root can lock
something up, by a user id of its own. The network stays, for the package index.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from sessions.builder.order import BUILD_UID, Limits, Order

#: Parts of /etc without which names, certificates and pip's own settings are not found.
ETC = (
    "alternatives", "ca-certificates", "ca-certificates.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf", "pip.conf", "pki", "resolv.conf",
    "ssl", "xdg/pip",
)  # fmt: skip
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
SIGKILL = 9
TMP = "/tmp"  # noqa: S108 - one of the cage's own


class NoCage(RuntimeError):
    """The machine can't lock the work up, so nothing is done."""


def command(order: Order, inside: list[str]) -> list[str]:
    """Return the command that runs something inside.

    Raises
    ------
    NoCage
        There is no bubblewrap, and the portal's user is not root.
    """
    if order.bwrap:
        return [order.bwrap, *_view(order), "--", *inside]
    if os.geteuid() != 0:
        raise NoCage("Environments can't be made on this machine: it has no bubblewrap.")
    return inside


def lock(limits: Limits) -> None:
    """Give up rights and take on limits; called by what runs inside, before anything else."""
    root = os.geteuid() == 0
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, limits.disk_bytes),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, int(2 * limits.seconds) + 1),
        (resource.RLIMIT_NOFILE, 1024),
        # Counted for the user id: one that others use too has processes of its own.
        *(((resource.RLIMIT_NPROC, limits.processes),) if root else ()),
    ):
        resource.setrlimit(kind, (most, most))
    if root:
        os.setgroups([])
        os.setresgid(BUILD_UID, BUILD_UID, BUILD_UID)
        os.setresuid(BUILD_UID, BUILD_UID, BUILD_UID)
    for option, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_PDEATHSIG, SIGKILL)):
        if libc.prctl(option, value, 0, 0, 0):
            raise NoCage(os.strerror(ctypes.get_errno()))
    os.umask(0o022)


def own(folder: Path) -> None:
    """Make a folder that what runs inside may write to."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, BUILD_UID, BUILD_UID)


def take_back(folder: Path) -> None:
    """Make all of it the portal's own, so that no later work can change it."""
    uid, gid = os.geteuid(), os.getegid()
    for place, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            path = os.path.join(place, name)  # noqa: PTH118 - thousands of them
            if uid == 0:
                os.lchown(path, uid, gid)
            if not os.path.islink(path):  # noqa: PTH114
                # What the file allows its owner it allows everybody, but to write.
                readable = 0o555 if os.stat(path).st_mode & 0o100 else 0o444  # noqa: PTH116
                os.chmod(path, readable | 0o200)  # noqa: PTH101


def _view(order: Order) -> Iterator[str]:
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--hostname", "build", "--new-session", "--die-with-parent")
    if os.geteuid() != 0:
        yield "--unshare-user"
    yield from ("--ro-bind", "/usr", "/usr", "--dir", "/etc", "--dir", "/var")
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(64 << 20), "--tmpfs", TMP)
    binds = dict.fromkeys(order.visible, "--ro-bind") | {order.work: "--bind"}
    made: set[Path] = set()
    for path in sorted((Path(one) for one in binds), key=lambda one: len(one.parts)):
        for parent in reversed(path.parents):
            if parent not in made and str(parent) not in binds and parent not in _THERE:
                made.add(parent)
                yield from ("--perms", "0755", "--dir", str(parent))
        yield from (binds[str(path)], str(path), str(path))
    yield from ("--remount-ro", "/", "--chdir", order.work)


_THERE = {Path("/"), Path("/etc"), Path("/var"), Path(TMP), Path("/usr"), Path("/dev")}
