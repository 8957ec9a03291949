"""Environments in folders of this machine, made by pip over a base environment of the site.

A job is a folder with an order, the number of the process that does it, its log and its result;
`sessions.builder.job` does it. What is finished has a manifest and the name of its digest.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sessions.backends.building import Base, Fetch, JobState, Look, Package
from sessions.backends.local_base import fingerprint_of, needed_by_sessions, python_of
from sessions.builder import making
from sessions.builder.job import CANCEL, LOG, ORDER, RESULT, SOURCE
from sessions.builder.order import FETCH, MAKE, Limits, Order, start_ticks, write_json
from vre_portal.config import Config, Stage, get_config
from vre_portal.errors import UpstreamUnavailable

KEY = re.compile(r"[0-9a-z-]{1,80}")
PID = "process.json"
MOST_STARTS = 3
FETCH_SECONDS = 120.0
FETCH_BYTES = 512 << 20
MIB = 1 << 20
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from sessions.builder.job import main; sys.exit(main(sys.argv[2]))"
)
#: What a site may have set for its own pip; nothing else of the portal's variables is passed on.
PASSED_ON = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")


class LocalBuilder:
    """Takes orders, and starts a process of its own for each."""

    def __init__(self) -> None:
        config = get_config()
        if not config.built_environments_folder or not config.build_base:
            raise UpstreamUnavailable("This site is not set up to make environments.")
        self._config = config
        self._folder = config.built_environments_folder.resolve()
        self._base = config.build_base.resolve()
        self._jobs = self._folder / "jobs"
        self._jobs.mkdir(parents=True, exist_ok=True)

    def base(self) -> Base:
        """Return the Python of the base, and a fingerprint of what is installed there."""
        if not (self._base / "bin" / "python").exists():
            raise UpstreamUnavailable("The site's base environment is not there at the moment.")
        return Base(python_of(self._base), fingerprint_of(self._base))

    def start_fetch(self, key: str, url: str, ref: str) -> None:
        """Begin to fetch, from public addresses only where this is no demo."""
        config = self._config
        order = Order(
            kind=FETCH, work=str(self._folder / f"{key}.part"), finished="",
            python=sys.executable, bwrap=_bwrap(config), url=url, ref=ref,
            visible=(*_environment_folders(Path(sys.prefix)), str(SOURCE / "sessions" / "builder"),
                     str(SOURCE / "sessions" / "__init__.py")),
            private_addresses=config.environment is not Stage.PRODUCTION,
            limits=Limits(FETCH_SECONDS, FETCH_BYTES, config.build_memory_bytes),
        )  # fmt: skip
        self._start(key, order)

    def fetched(self, key: str) -> Fetch:
        """Return how a fetch goes."""
        state, result, log = self._state(key)
        if state is not JobState.DONE:
            return Fetch(state, log=log, reason=str(result.get("reason", "")))
        try:
            told = json.loads(str(result.get("fetched", "")))
            reason, commit = str(told.get("reason", "")), str(told.get("commit", ""))[:64]
            files = {str(name): str(text) for name, text in dict(told.get("files", {})).items()}
        except (ValueError, AttributeError):
            return Fetch(JobState.FAILED, log=log, reason="The repository could not be read.")
        if reason or not commit:
            reason = reason[:500] or "The repository could not be read."
            return Fetch(JobState.FAILED, log=log, reason=reason)
        return Fetch(JobState.DONE, log=log, commit=commit, files=files)

    def start(self, digest: str, requirements: Sequence[str]) -> None:
        """Begin to make an environment, unless it is there."""
        config, base = self._config, self.base()
        python = config.build_python or Path(sys.executable)
        order = Order(
            kind=MAKE, work=str(self._folder / f"{digest}.part"),
            finished=str(self._folder / digest), python=str(python), bwrap=_bwrap(config),
            base=str(self._base), fingerprint=base.fingerprint,
            visible=(*_environment_folders(self._base), *_environment_folders(_home_of(python)),
                     *_local_indexes(), str(SOURCE / "sessions" / "builder"),
                     str(SOURCE / "sessions" / "__init__.py")),
            requirements=tuple(requirements), constraints=needed_by_sessions(self._base),
            index_url=config.build_index_url.get_secret_value() if config.build_index_url else "",
            limits=Limits(config.build_minutes * 60, config.build_bytes, config.build_memory_bytes),
        )  # fmt: skip
        if not self.exists(digest):
            self._start(digest, order)

    def look(self, digest: str) -> Look:
        """Return how the making goes; what is there is done, whatever became of its job."""
        state, result, log = self._state(digest)
        manifest = making.manifest_of(self._folder / digest) if self.exists(digest) else None
        if manifest is not None:
            size = int(str(manifest.get("size_bytes") or 0))
            warning = str(result.get("warning") or "")
            return Look(JobState.DONE, log, warning, _packages(manifest), size)
        if state is JobState.DONE:
            state = JobState.ABSENT  # it was removed since, or its base has changed
        return Look(state, log=log, reason=str(result.get("reason", "")))

    def cancel(self, key: str) -> None:
        """End the work with all its processes, and forget it."""
        with self._locked(key) as job:
            if self._pid(job):
                (job / CANCEL).touch()
                return  # it ends within a moment; who starts it again waits for that
            _remove(job)
        _remove(self._folder / f"{key}.part")

    def forget(self, key: str) -> None:
        """Forget a job that has ended."""
        with self._locked(key) as job:
            # Its result is the last that it writes, a moment before its process is gone.
            if (job / RESULT).exists() or not self._pid(job):
                _remove(job)

    def exists(self, digest: str) -> bool:
        """Whether it was finished, on the base as it is now."""
        manifest = making.manifest_of(self._folder / digest)
        return manifest is not None and manifest.get("fingerprint") == self.base().fingerprint

    def remove(self, digest: str) -> None:
        """Take an environment away: out of sight first, so that no half of one is found."""
        gone = self._folder / f"{digest}.gone"
        _remove(gone)
        if (self._folder / digest).exists():
            (self._folder / digest).rename(gone)
        _remove(gone)
        self.forget(digest)

    def made(self) -> Sequence[str]:
        """Return the digests of the folders that are there."""
        names = (each.name for each in self._folder.iterdir() if each.is_dir())
        return [name for name in names if re.fullmatch(r"[0-9a-f]{64}", name)]

    def runs(self, digest: str) -> Mapping[str, str]:
        """Return the name under which the demo's hub finds it."""
        return {"local": f"built-{digest}"}

    def _start(self, key: str, order: Order) -> None:
        with self._locked(key) as job:
            if self._pid(job) or (job / RESULT).exists():
                return
            starts = 1 if (job / CANCEL).exists() else self._starts(job) + 1
            (job / CANCEL).unlink(missing_ok=True)
            if starts > MOST_STARTS:
                words = f"The work ended {MOST_STARTS} times without a word. Tell the operators."
                write_json(job / RESULT, {"reason": words})
                return
            order.write(job / ORDER)
            process = subprocess.Popen(  # noqa: S603 - our own code
                [sys.executable, "-I", "-B", "-c", START, str(SOURCE), str(job)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_variables(),
                cwd="/",
                start_new_session=True,
            )
            about = {"pid": process.pid, "ticks": start_ticks(process.pid), "starts": starts}
            write_json(job / PID, about)

    def _state(self, key: str) -> tuple[JobState, Mapping[str, Any], str]:
        job = self._job(key)
        log = _text(job / LOG)
        if (job / RESULT).exists():
            result: dict[str, Any] = json.loads((job / RESULT).read_text())
            return JobState.FAILED if result.get("reason") else JobState.DONE, result, log
        return (JobState.RUNNING if self._pid(job) else JobState.ABSENT), {}, log

    def _pid(self, job: Path) -> int:
        """Return the process that is at it, 0 when none is."""
        about = _json(job / PID)
        pid = int(about.get("pid", 0))
        _reap(pid)
        return pid if pid and start_ticks(pid) == about.get("ticks") else 0

    def _starts(self, job: Path) -> int:
        return int(_json(job / PID).get("starts", 0))

    def _job(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise ValueError(key)
        return self._jobs / key

    @contextmanager
    def _locked(self, key: str) -> Iterator[Path]:
        """Let nobody else start or end this job meanwhile, in whichever worker."""
        job = self._job(key)
        with (self._jobs / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            job.mkdir(exist_ok=True)
            yield job


def _variables() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    return {**passed, "LANG": "C.UTF-8", "PATH": os.defpath}


def _bwrap(config: Config) -> str:
    given = config.build_bwrap
    if given and os.access(given, os.X_OK):
        return str(given)
    return shutil.which("bwrap") or ""


def _environment_folders(environment: Path) -> Iterator[str]:
    """Yield a virtual environment and the folder of the Python that it was made from."""
    yield str(environment)
    python = (environment / "bin" / "python").resolve()
    home = python.parent.parent
    if home != Path("/usr") and home != environment:
        yield str(home)


def _home_of(python: Path) -> Path:
    return python.parent.parent


def _local_indexes() -> Iterator[str]:
    """Yield the folders that the machine's own pip configuration names."""
    for variable in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        yield from _folders(os.environ.get(variable, ""))
    for file in (Path("/etc/pip.conf"), *Path("/etc/xdg/pip").glob("*")):
        yield from _folders(_text(file))


def _folders(text: str) -> Iterator[str]:
    for word in text.split():
        path = Path(word.removeprefix("file://"))
        outside = path.parts[1:2] not in {("usr",), ("etc",), ("proc",), ("dev",), ()}
        if path.is_absolute() and len(path.parts) > 2 and outside and path.is_dir():
            yield str(path)


def _packages(manifest: Mapping[str, Any]) -> tuple[Package, ...]:
    listed = manifest.get("packages")
    entries = listed if isinstance(listed, list) else []
    return tuple(
        Package(str(each.get("name"))[:100], str(each.get("version"))[:60])
        for each in entries
        if isinstance(each, dict)
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[: 4 * MIB]
    except OSError:
        return ""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _reap(pid: int) -> None:
    """Let an ended child of this very process go, so that it is not taken for a living one."""
    with suppress(ChildProcessError):
        if pid:
            os.waitpid(pid, os.WNOHANG)
