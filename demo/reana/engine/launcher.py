"""Starts commands: the sandbox around each, the keeper beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from demo import sandbox
from demo.reana.engine import cgroups
from demo.reana.engine.records import Attempt, Request
from demo.reana.engine.watch import Bounds
from demo.reana.environment import LocalEnvironment
from demo.reana.limits import size_in_words
from demo.reana.settings import Settings
from demo.reana.store.secrets import HandedOut
from demo.reana.substitution import read_environments
from demo.reana.values import Job
from demo.stack import REPOSITORY

#: One thread a library: two runs share the machine, and sums come out in one order.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
SCRATCH = "/tmp"
#: Where REANA lays the secrets that are files.
SECRETS, VARIABLES = Path("/etc/reana/secrets"), Path("/etc/reana/variables")
TAKE_UP = 'while IFS= read -r -d "" one; do export "$one"; done < "$0"; exec "$@"'
ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom the commands of a run run, and what is left to them."""

    workflow: UUID
    workspace: Path
    uid: int
    environment: LocalEnvironment
    seconds: float
    cpu_seconds: float
    network: bool = False
    secrets: HandedOut | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """A command line, and what it needs in sight beside the workspace."""

    command: Sequence[str]
    environments: tuple[Path, ...] = ()
    read_only: tuple[Path, ...] = ()
    read_write: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


class Launcher:
    """Starts commands, each in the sandbox that this machine allows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.environments = read_environments(
            settings.environments, default=settings.default_environment
        )
        self.means = sandbox.probe(
            settings.environments, python=settings.environment / "bin" / "python"
        )
        self._groups = cgroups.possible()
        #: Called from a thread of its own when a command of this service's has ended.
        self.on_end: Callable[[], None] = lambda: None

    @property
    def isolated(self) -> bool:
        """Whether a run is kept from the rest of the machine at all."""
        return self.means.isolation is not sandbox.Isolation.NONE

    @property
    def sentence(self) -> str:
        """Return what people should know about the isolation."""
        memory = size_in_words(self._settings.run_limits.memory_bytes)
        held = "the kernel holds" if self._groups else "a watcher holds"
        limits = f"Together {held} the processes of a run to {memory} of memory."
        if self.means.isolation is sandbox.Isolation.SANDBOX:
            return f"{self.means.sentence} Steps have no network. {limits}"
        return f"{self.means.sentence} {limits}"

    @property
    def service_lock(self) -> Path:
        """Return the file whose lock tells the keepers that a service is there."""
        return self._settings.state / "service.lock"

    def uid_of(self, workspace_number: int) -> int:
        """Return the user id for the runs of a workspace."""
        return self._settings.first_uid + workspace_number % self._settings.uids

    def attempt(self, job: Job) -> Attempt:
        """Return the folder of a job's present attempt."""
        return Attempt(self.folder(job.workflow) / f"{job.position}.{job.attempt}")

    def engine_attempts(self, workflow_id: UUID) -> list[Attempt]:
        """Return the attempts at running a workflow's engine, the present one last."""
        found = self.folder(workflow_id).glob(f"{ENGINE}.*")
        return [Attempt(one) for one in sorted(found, key=lambda one: int(one.suffix[1:]))]

    def engine_log(self, workflow_id: UUID) -> str:
        """Return what a workflow's engine has printed in its present attempt, empty for serial."""
        attempts = self.engine_attempts(workflow_id)
        if not attempts or not attempts[-1].log.exists():
            return ""
        return attempts[-1].log.read_text(errors="replace")

    def folder(self, workflow_id: UUID) -> Path:
        """Return the folder of a run's records."""
        return self._settings.runs / str(workflow_id)

    def attempts_of(self, workflow_id: UUID) -> Iterator[Attempt]:
        """Yield every attempt at anything of a run."""
        for folder in self.folder(workflow_id).glob("*.*"):
            yield Attempt(folder)

    def launch(self, job: Job, place: Place) -> None:
        """Start a job's command and its keeper."""
        seconds = min(self._settings.job_seconds, place.seconds)
        program = Program(["/bin/bash", "-c", job.command])
        self.start(self.attempt(job), program, replace(place, seconds=seconds))

    def start(self, attempt: Attempt, program: Program, place: Place) -> None:
        """Start a program and its keeper, which inherits the attempt's lock."""
        lock = attempt.lock()
        if lock is None:
            return
        try:
            attempt.ask(self._request(program, place))
            keeper = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "demo.reana.engine.keeper"),
                    *(str(attempt.folder), str(self.service_lock)),
                ],
                cwd=attempt.folder,
                env={"PYTHONPATH": str(REPOSITORY), "PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                pass_fds=(lock,),
                start_new_session=True,
            )
        finally:
            os.close(lock)
        threading.Thread(target=self._tell_end, args=(keeper,), daemon=True).start()

    def _tell_end(self, keeper: subprocess.Popen[bytes]) -> None:
        keeper.wait()
        self.on_end()

    def _request(self, program: Program, place: Place) -> Request:
        limits = self._settings.run_limits
        return Request(
            command=tuple(
                sandbox.command(
                    self._view(program, place),
                    self._with_secrets(program, place),
                    means=self.means,
                )
            ),
            variables={**self._variables(place), **program.variables},
            folder=str(place.workspace),
            seconds=place.seconds,
            log_bytes=self._settings.log_bytes,
            bounds=Bounds(
                cpu_seconds=place.cpu_seconds,
                memory_bytes=limits.memory_bytes,
                folder_bytes=limits.workspace_bytes,
            ),
            processes=limits.processes,
            folders=(str(place.workspace), *map(str, program.read_write)),
            group=f"vre-run-{place.workflow}" if self._groups else "",
        )

    def _view(self, program: Program, place: Place) -> sandbox.Sandbox:
        """Return what the program sees: the workspace, its environments, and its own files."""
        identity = sandbox.write_identity(
            self.folder(place.workflow) / "identity",
            name="reana",
            uid=place.uid,
            home=Path(SCRATCH),
        )
        return sandbox.Sandbox(
            place.workspace,
            environments=(place.environment.folder, *program.environments),
            read_only=program.read_only,
            read_write=program.read_write,
            elsewhere=_laid(place.secrets) if place.secrets else (),
            uid=place.uid,
            network=place.network,
            limits=self._settings.limits,
            identity=identity,
        )

    def _with_secrets(self, program: Program, place: Place) -> Sequence[str]:
        """Return the command below a shell that takes up its owner's variables.

        They never stand in the keeper's own environment: what makes the sandbox still has the
        service's rights, and would obey an LD_PRELOAD.
        """
        if place.secrets is None or self.means.bwrap is None:
            return program.command
        return ["/bin/bash", "-c", TAKE_UP, str(VARIABLES), *program.command]

    @staticmethod
    def _variables(place: Place) -> dict[str, str]:
        return {
            "PATH": f"{place.environment.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": SCRATCH,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": f"{SCRATCH}/matplotlib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            "REANA_WORKSPACE": str(place.workspace),
            **THREADS,
        }


def _laid(secrets: HandedOut) -> tuple[tuple[Path, Path], ...]:
    return (secrets.files, SECRETS), (secrets.variables, VARIABLES)
