"""Starts the command of a job: the sandbox around it, the keeper beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from demo import sandbox
from demo.reana.engine.records import Attempt, Request
from demo.reana.settings import Settings
from demo.reana.values import Job
from demo.stack import REPOSITORY

#: One thread a library: two runs share the machine, and sums come out in one order.
THREADS = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
SCRATCH = "/tmp"


class Launcher:
    """Starts commands, each in the sandbox that this machine allows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.means = sandbox.probe(
            settings.environments, python=settings.environment / "bin" / "python"
        )

    @property
    def isolated(self) -> bool:
        """Whether a run is kept from the rest of the machine at all."""
        return self.means.isolation is not sandbox.Isolation.NONE

    @property
    def sentence(self) -> str:
        """Return what people should know about the isolation."""
        if self.means.isolation is sandbox.Isolation.SANDBOX:
            return f"{self.means.sentence} Steps have no network."
        return self.means.sentence

    @property
    def service_lock(self) -> Path:
        """Return the file whose lock tells the keepers that a service is there."""
        return self._settings.state / "service.lock"

    def uid_of(self, workspace_number: int) -> int:
        """Return the user id for the runs of a workspace."""
        return self._settings.first_uid + workspace_number % self._settings.uids

    def attempt(self, job: Job) -> Attempt:
        """Return the folder of a job's present attempt."""
        run = self._settings.runs / str(job.workflow)
        return Attempt(run / f"{job.position}.{job.attempt}")

    def launch(self, job: Job, workspace: Path, *, uid: int) -> None:
        """Start a job's command and its keeper, which inherits the attempt's lock."""
        attempt = self.attempt(job)
        lock = attempt.lock()
        if lock is None:
            return
        try:
            attempt.ask(self._request(job, workspace, uid=uid))
            subprocess.Popen(
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

    def _request(self, job: Job, workspace: Path, *, uid: int) -> Request:
        identity = sandbox.write_identity(
            self._settings.runs / str(job.workflow) / "identity",
            name="reana",
            uid=uid,
            home=Path(SCRATCH),
        )
        view = sandbox.Sandbox(
            workspace,
            environments=(self._settings.environment,),
            uid=uid,
            limits=self._settings.limits,
            identity=identity,
        )
        command = sandbox.command(view, ["/bin/bash", "-c", job.command], means=self.means)
        return Request(
            command=tuple(command),
            variables=self._variables(workspace),
            folder=str(workspace),
            seconds=self._settings.job_seconds,
            log_bytes=self._settings.log_bytes,
        )

    def _variables(self, workspace: Path) -> dict[str, str]:
        return {
            "PATH": f"{self._settings.environment / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": SCRATCH,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": f"{SCRATCH}/matplotlib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            "REANA_WORKSPACE": str(workspace),
            **THREADS,
        }
