"""One virtual environment a component, built side by side, and again only when its lock changed."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

TOOLS = Path(__file__).with_name("tools") / "requirements.txt"
#: Downloads overlap with unpacking; more than this only makes two cores switch.
SIDE_BY_SIDE = 3


class BuildError(RuntimeError):
    """An environment could not be made; the text ends with what the installer said."""


class Environments:
    """The environments below one folder, which several stacks may share."""

    def __init__(
        self, folder: Path, requirements: Mapping[str, Path], say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._requirements = requirements
        self._say = say
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="environment")
        self._futures: dict[str, Future[None]] = {}
        self._tools_lock = threading.Lock()
        self._uv: Path | None = None
        self._tools_asked = False

    def start(self, names: Iterable[str]) -> None:
        """Begin to build what is missing, in this order; unknown names ask for nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            if name in self._requirements and name not in self._futures:
                self._futures[name] = self._pool.submit(self.build, name)

    def wait(self, names: Iterable[str], given_up: Callable[[], bool]) -> bool:
        """Wait for environments; raise BuildError where one failed, tell False when given up."""
        waiting = [self._futures[name] for name in names if name in self._futures]
        while not all(each.done() for each in waiting):
            if given_up():
                return False
            time.sleep(0.05)
        if given_up():
            return False
        for each in waiting:
            each.result()
        return True

    def close(self) -> None:
        """Drop what has not begun; what runs ends by its process being stopped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def fresh(self, name: str) -> bool:
        """Tell whether an environment fits its requirements and this interpreter."""
        stamp = self._folder / name / ".stamp"
        return (
            stamp.exists()
            and stamp.read_text() == fingerprint(self._requirements[name])
            and (self._folder / name / "bin" / "python").exists()
        )

    def build(self, name: str) -> None:
        """Build one environment, unless it is fresh."""
        if self.fresh(name):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another stack may be building the same one
            if self.fresh(name):
                return
            began = time.monotonic()
            self._say(f"environment {name}: building")
            installer = self._install(name)
            stamp = self._folder / name / ".stamp"
            stamp.write_text(fingerprint(self._requirements[name]))
            took = time.monotonic() - began
            self._say(f"environment {name}: done in {took:.1f} s with {installer}")

    def _install(self, name: str) -> str:
        home, log = self._folder / name, self._folder / f"{name}.log"
        stamp = home / ".stamp"
        stamp.unlink(missing_ok=True)
        log.unlink(missing_ok=True)
        if not _same_interpreter(home):
            shutil.rmtree(home, ignore_errors=True)
        if not home.exists():
            run([sys.executable, "-m", "venv", "--without-pip", str(home)], log)
        wanted = str(self._requirements[name])
        interpreter = str(home / "bin" / "python")
        if uv := self._tools():
            try:
                sync = [str(uv), "pip", "sync", "--python", interpreter]
                run([*sync, *_trust(), "-q", "--require-hashes", wanted], log)
            except BuildError as exc:
                self._say(f"environment {name}: uv failed, trying pip ({_first_line(exc)})")
            else:
                return "uv"
        pip = [str(self._folder / "tools" / "bin" / "python"), "-m", "pip", "--python", interpreter]
        install = [*pip, "install", "--no-input", "--no-compile", "-q", "--require-hashes"]
        run([*install, "-r", wanted], log)
        return "pip"

    def compile(self, given_up: Callable[[], bool]) -> None:
        """Compile what was built, with what the machine has to spare.

        The owner's processes do it for themselves; sessions under other accounts cannot, and would
        pay for it at each start.
        """
        for name in self._futures:
            home = self._folder / name
            mark, stamp = home / ".compiled", home / ".stamp"
            if given_up() or not stamp.exists():
                continue
            if mark.exists() and mark.stat().st_mtime >= stamp.stat().st_mtime:
                continue
            python = str(home / "bin" / "python")
            spare = ["nice", "-n", "19", python, "-m", "compileall", "-q", "-j", "1"]
            done = subprocess.run([*spare, str(home / "lib")], capture_output=True, check=False)
            if done.returncode >= 0:  # 1: some package ships a file for another Python
                mark.touch()

    def _tools(self) -> Path | None:
        """Return uv, installed into an environment of its own; None where that is not possible."""
        with self._tools_lock, (self._folder / "tools.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._tools_asked:
                self._uv = self._make_tools()
                self._tools_asked = True
            return self._uv

    def _make_tools(self) -> Path | None:
        home, log = self._folder / "tools", self._folder / "tools.log"
        uv, stamp = home / "bin" / "uv", home / ".stamp"
        if stamp.exists() and stamp.read_text() == fingerprint(TOOLS) and _answers(uv):
            return uv
        began = time.monotonic()
        log.unlink(missing_ok=True)
        run([sys.executable, "-m", "venv", "--clear", str(home)], log)
        pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--no-input", "-q"]
        try:
            run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(TOOLS)], log)
        except BuildError as exc:
            self._say(
                f"environment tools: no uv, going on with pip, which is slower ({_first_line(exc)})"
            )
            return None
        if not _answers(uv):
            self._say("environment tools: uv does not run here, going on with pip")
            return None
        stamp.write_text(fingerprint(TOOLS))
        self._say(f"environment tools: done in {time.monotonic() - began:.1f} s")
        return uv


def run(arguments: list[str], log: Path) -> None:
    """Run an installer with its output in a log; raise BuildError with the log's end."""
    trusted = ssl.get_default_verify_paths().cafile
    # Node.js looks into a list of its own, unlike all other installers.
    variables = {"NODE_EXTRA_CA_CERTS": trusted, **os.environ} if trusted else None
    with log.open("ab") as stream:
        done = subprocess.run(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=variables,
            check=False,
        )
    if done.returncode != 0:
        said = log.read_text(errors="replace").strip().splitlines()[-12:]
        raise BuildError("\n".join([f"{log.stem} could not be installed ({log}):", *said]))


def _trust() -> list[str]:
    """Let uv trust what the machine trusts, as pip does: a site may sign for its own mirror."""
    paths = ssl.get_default_verify_paths()
    return ["--system-certs"] if paths.cafile or paths.capath else []


def _first_line(exc: BuildError) -> str:
    """Return the first line of what the installer said."""
    return [*str(exc).splitlines(), ""][1].strip()


def _answers(program: Path) -> bool:
    if not os.access(program, os.X_OK):
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


def _same_interpreter(home: Path) -> bool:
    version = f"python{sysconfig.get_python_version()}"
    return (home / "bin" / "python").exists() and (home / "lib" / version).exists()


def fingerprint(requirements: Path) -> str:
    """Return what changes with the requirements and with the interpreter."""
    text = f"{sys.version_info[:2]} {sysconfig.get_platform()}\n".encode()
    return hashlib.sha256(text + requirements.read_bytes()).hexdigest()


def missing_modules() -> str | None:
    """Return what this Python lacks to make environments, in a sentence; None when all is there."""
    lacking = [name for name in ("venv", "ensurepip", "ctypes") if not _has(name)]
    if not lacking:
        return None
    return f"This Python lacks {', '.join(lacking)}: on Debian run `apt-get install python3-venv`."


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
