"""The folder of one attempt at a job: what the service and the keeper tell each other in files.

`request.json` says what to run, `log` grows, `exit.json` appears when it ended, `stop` asks for
its end. The keeper holds a lock on `lock` as long as it lives, and so does not need to be asked:
a lock that can be had and no `exit.json` means that the keeper was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from demo.reana.engine.watch import Bounds
from demo.stack import write_private


class Ending(StrEnum):
    """Why a command is over."""

    EXITED = "exited"
    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    EXCEEDED = "exceeded"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Request:
    """What a keeper is asked to run."""

    command: tuple[str, ...]
    variables: dict[str, str]
    folder: str
    seconds: float
    log_bytes: int
    bounds: Bounds = Bounds()  # noqa: RUF009  frozen
    processes: int = 256
    #: What the run writes, its workspace first; weighed against `bounds.folder_bytes`.
    folders: tuple[str, ...] = ()
    #: The name of the run's control group, empty where none can be made.
    group: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, in words where its code does not tell, and the CPU seconds it took."""

    ending: Ending
    code: int
    detail: str = ""
    cpu_seconds: float = 0.0


class Attempt:
    """One attempt's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def log(self) -> Path:
        """Return the file that takes what the command prints."""
        return self.folder / "log"

    def ask(self, request: Request) -> None:
        """Write down what to run."""
        write_private(self.folder / "request.json", json.dumps(asdict(request)))

    def request(self) -> Request:
        """Return what to run."""
        values = json.loads((self.folder / "request.json").read_text())
        values["bounds"] = Bounds(**values["bounds"])
        for name in ("command", "folders"):
            values[name] = tuple(values[name])
        return Request(**values)

    def end(self, outcome: Outcome) -> None:
        """Write down how the command ended."""
        write_private(self.folder / "exit.json", json.dumps(asdict(outcome)))

    def outcome(self) -> Outcome | None:
        """Return how the command ended, None as long as nobody wrote it down."""
        try:
            values = json.loads((self.folder / "exit.json").read_text())
        except FileNotFoundError:
            return None
        return Outcome(**{**values, "ending": Ending(values["ending"])})

    def ask_end(self, ending: Ending) -> None:
        """Ask the keeper to end the command."""
        write_private(self.folder / "stop", ending.value)

    def end_asked(self) -> Ending | None:
        """Return why the command should end, None when it should not."""
        try:
            return Ending((self.folder / "stop").read_text())
        except FileNotFoundError:
            return None

    def lock(self) -> int | None:
        """Return a descriptor that holds the attempt's lock, None when a keeper holds it."""
        return take_lock(self.folder / "lock")

    def abandoned(self) -> bool:
        """Whether neither a keeper nor an exit code is there."""
        descriptor = self.lock()
        if descriptor is None:
            return False
        os.close(descriptor)
        return self.outcome() is None


def take_lock(path: Path) -> int | None:
    """Return a descriptor that holds a file's lock until it is closed, None when it is taken.

    The lock belongs to the open file: a child process that inherits the descriptor keeps it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
