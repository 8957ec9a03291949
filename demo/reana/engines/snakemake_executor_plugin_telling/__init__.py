"""Snakemake's executor for the sandbox: each job is a process that tells of itself.

Found by its name (`--executor telling`), and written to the interface of
snakemake-interface-executor-plugins.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import telling
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.settings import CommonSettings
from wrapping import wrapped

POLL_SECONDS = 0.1
#: What Snakemake itself puts before the commands of a rule.
STRICT = "set -euo pipefail; "

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=True,
    auto_deploy_default_storage_provider=False,
)


class Executor(RemoteExecutor):
    """Runs the jobs that Snakemake finds ready."""

    def __post_init__(self) -> None:
        """Tell the names of all jobs with something to do, those first that others wait for."""
        due = {job for job in self.dag.needrun_jobs() if not job.is_norun}
        telling.plan([job.name for layer in self.dag.toposorted(due) for job in layer])

    def run_job(self, job: Any) -> None:
        """Start a job's process."""
        process = subprocess.Popen(self._line(job), stdin=subprocess.DEVNULL)
        self.report_job_submission(SubmittedJobInfo(job=job, aux={"process": process}))

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncIterator[SubmittedJobInfo]:
        """Report the jobs that are over, and yield the others."""
        for one in active_jobs:
            code = one.aux["process"].poll()
            if code is None:
                yield one
            elif code == 0:
                self.report_job_success(one)
            else:
                self.report_job_error(one)
        await asyncio.sleep(POLL_SECONDS)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End the processes of jobs."""
        for one in active_jobs:
            one.aux["process"].terminate()

    def _line(self, job: Any) -> list[str]:
        key, name = str(job.jobid), job.name
        if job.is_shell:
            for file in (*job.output, *job.log):
                file.prepare()  # makes the folders, as Snakemake does for its own processes
            command = STRICT + job.shellcmd
            image = (job.container_img_url or "").removeprefix("docker://")
            return wrapped(key, ["bash", "-c", command], name=name, shown=job.shellcmd, image=image)
        # A script, or Python code of the rule: Snakemake itself runs it, for this one job.
        command = self.format_job_exec(job)
        return wrapped(key, ["bash", "-c", command], name=name, shown=f"rule {name}")
