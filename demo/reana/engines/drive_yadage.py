"""Runs a yadage workflow, without containers: `drive_yadage.py {"workflow": ...}`."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import telling
import yaml
from packtivity.handlers.execution_handlers import executor
from wrapping import wrapped
from yadage.steering_api import steering_ctx
from yadage.utils import setupbackend_fromstring

#: A container's environment, and the one that yadage has for plain processes.
CONTAINER, PROCESS = "docker-encapsulated", "localproc-env"
POLL_SECONDS = 0.2


class Tracker:
    """Tells the names of a workflow's steps whenever there are more of them."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def initialize(self, workflow: Any) -> None:
        """Tell the steps that are known at the beginning."""
        self.track(workflow)

    def track(self, workflow: Any) -> None:
        """Tell the steps when there are more than at the last look."""
        nodes = (workflow.dag.getNode(one) for one in workflow.dag.nodes())
        names = [node.name for node in nodes if not _only_publishes(node)]
        if len(names) > len(self._told):
            self._told = names
            telling.plan(names)

    def finalize(self, workflow: Any) -> None:
        """Tell the steps that came last."""
        self.track(workflow)


def run_step(config: Any, environment: Any, state: Any, job: Any, metadata: Any) -> None:
    """Run a step in its folder, in a shell that tells of it."""
    folder = Path(state.readwrite[0])
    folder.mkdir(parents=True, exist_ok=True)
    command, script = _command(job)
    if environment.get("envscript"):
        command = f"source {shlex.quote(environment['envscript'])} && {command}"
    image = ":".join(str(environment[key]) for key in ("image", "imagetag") if key in environment)
    name = metadata["name"]
    line = wrapped(
        f"{name}-{folder}", ["bash", "-c", command], name=name, shown=script or command, image=image
    )
    done = subprocess.run(line, cwd=folder, input=(script or "").encode(), check=False)
    if done.returncode:
        raise RuntimeError(f"{name} ended with exit code {done.returncode}")


# Steps of both kinds are the same here: a container is not run.
for kind in (CONTAINER, PROCESS):
    executor(kind)(run_step)


def _command(job: Any) -> tuple[str, str | None]:
    """Return a job's command line, and the script that it reads."""
    if "script" in job:
        return str(job["interpreter"]), str(job["script"])
    return str(job["command"]), None


def _only_publishes(node: Any) -> bool:
    hints = node.task.metadata.get("wflow_hints", {})
    return bool(hints.get("is_purepub"))


def main(order: dict[str, Any]) -> None:
    """Run the workflow of an order."""
    parameters: dict[str, Any] = {}
    for file in order["parameter_files"]:
        parameters |= yaml.safe_load(Path(file).read_text()) or {}
    parameters |= json.loads(Path(order["parameters"]).read_text())
    with steering_ctx(
        dataarg=order["workspace"],
        dataopts={"initdir": order["initial_folder"]},
        initdata=parameters,
        toplevel=order["toplevel"],
        visualize=False,
        updateinterval=POLL_SECONDS,
        backend=setupbackend_fromstring(f"multiproc:{order['at_once']}"),
        accept_metadir=True,
        **_workflow(order),
    ) as steering:
        steering.adage_argument(additional_trackers=[Tracker()])


def _workflow(order: dict[str, Any]) -> dict[str, Any]:
    if order["loaded"]:
        return {"workflow_json": json.loads(Path(order["workflow"]).read_text())}
    return {"workflow": order["workflow"]}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
