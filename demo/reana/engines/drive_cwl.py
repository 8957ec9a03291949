"""Runs a CWL workflow by cwltool, without containers: `drive_cwl.py {"workflow": ...}`."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator, MutableMapping, MutableSequence
from pathlib import Path
from typing import Any

import telling
from cwltool.command_line_tool import CommandLineTool
from cwltool.context import LoadingContext, RuntimeContext
from cwltool.executors import SingleJobExecutor
from cwltool.job import CommandLineJob, JobBase
from cwltool.main import main as run_cwltool
from cwltool.process import Process
from cwltool.workflow import Workflow, default_make_tool
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from wrapping import wrapped

DOCKER = "DockerRequirement"
OUTPUTS = "outputs"
SCRATCH = ".cwl"


class TellingExecutor(SingleJobExecutor):
    """Runs one step after the other, each in a shell that tells of it."""

    def run_jobs(
        self,
        process: Process,
        job_order_object: Any,
        logger: logging.Logger,
        runtime_context: RuntimeContext,
    ) -> None:
        """Run all steps."""
        telling.plan(list(_names(process)))
        super().run_jobs(process, job_order_object, logger, runtime_context)


class TellingJob(CommandLineJob):
    """A step whose command is wrapped as it starts."""

    def run(self, runtimeContext: RuntimeContext, tmpdir_lock: Any = None) -> None:  # noqa: N803
        """Run the step."""
        plain = [str(one) for one in self.command_line]
        self.command_line = wrapped(
            self.name, plain, name=self.name, shown=" ".join(plain), image=_image(self.hints)
        )
        super().run(runtimeContext, tmpdir_lock)


class TellingTool(CommandLineTool):
    """A tool whose steps tell of themselves."""

    def make_job_runner(self, runtimeContext: RuntimeContext) -> type[JobBase]:  # noqa: N803
        """Return the kind of step, whatever container the tool names."""
        return TellingJob


def make_tool(document: Any, context: LoadingContext) -> Process:
    """Return the tool of a document, for which a container is only a hint."""
    _soften(document)
    if document.get("class") == "CommandLineTool":
        return TellingTool(document, context)
    return default_make_tool(document, context)


def _soften(document: Any) -> None:
    """Move requirements of a container to the hints, in a tool and in its steps."""
    if isinstance(document, MutableSequence):
        for one in document:
            _soften(one)
    if not isinstance(document, MutableMapping):
        return
    required = document.get("requirements") or []
    for wish in [one for one in required if one.get("class") == DOCKER]:
        required.remove(wish)
        # cwltool takes only lists of this kind, which know their place in the file.
        document.setdefault("hints", CommentedSeq()).append(wish)
    for key in ("steps", "run"):
        _soften(document.get(key))


def _names(process: Process) -> Iterator[str]:
    """Yield the name of each command of a workflow, its inner workflows' too."""
    if not isinstance(process, Workflow):
        yield _last(process.tool["id"])
        return
    # cwltool shuffles its own list.
    written = {step.get("id"): place for place, step in enumerate(process.tool["steps"])}
    for step in sorted(process.steps, key=lambda each: written.get(each.id, len(written))):
        if isinstance(step.embedded_tool, Workflow):
            yield from _names(step.embedded_tool)
        else:
            yield _last(step.id)


def _last(identifier: str) -> str:
    return identifier.rpartition("#")[2].rpartition("/")[2] or identifier


def _image(hints: Any) -> str:
    wishes = [one for one in hints or [] if one.get("class") == DOCKER]
    return str(wishes[-1].get("dockerPull", "")) if wishes else ""


def _parameters(order: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters: those of files, then those that the run was started with."""
    found: dict[str, Any] = {}
    for file in order["parameter_files"]:
        found |= YAML(typ="safe").load(Path(file).read_text()) or {}
    return found | json.loads(Path(order["parameters"]).read_text())


def main(order: dict[str, Any]) -> int:
    """Run the workflow of an order, and return cwltool's exit code."""
    target = [f"--target={one}" for one in order["targets"]]
    arguments = [
        *("--no-container", "--preserve-entire-environment", "--disable-color"),
        *("--outdir", OUTPUTS, "--basedir", order["workspace"]),
        # What steps write is moved to its place and not copied: it may be larger than /tmp.
        *("--tmp-outdir-prefix", f"{order['workspace']}/{SCRATCH}/"),
        *target,
        order["workflow"],
        "-",  # paths of a file of parameters would begin at its folder, not at the workspace
    ]
    return run_cwltool(
        arguments,
        stdin=io.StringIO(json.dumps(_parameters(order))),
        executor=TellingExecutor(),
        loadingContext=LoadingContext({"construct_tool_object": make_tool}),
    )


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
