"""Plans a run before it is queued: its options, environment, network, and files, or why not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.reana.engine.launcher import Launcher
from demo.reana.environment import LocalEnvironment
from demo.reana.errors import Forbidden, Malformed, NotFound
from demo.reana.images import images_in_text, images_of
from demo.reana.options import SERIAL, Options, options_of, parse_options
from demo.reana.parameters import chosen_commands, expand_commands
from demo.reana.settings import Settings
from demo.reana.store.jobs import Jobs
from demo.reana.store.plans import Plan
from demo.reana.values import Workflow
from demo.reana.workspace.paths import open_file

#: As much of a workflow's file is searched for the images that it names.
FILE_BYTES = 1 << 20


class Planner:
    """Decides whether a run can run here, and how."""

    def __init__(self, settings: Settings, jobs: Jobs, launcher: Launcher) -> None:
        self._settings = settings
        self._jobs = jobs
        self._environments = launcher.environments

    def plan(
        self,
        workflow: Workflow,
        parameters: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
    ) -> Plan:
        """Write down how a run will run, with its jobs as far as they are known.

        `given` are the operational options of the start; they go over the specification's.

        Raises
        ------
        Malformed
            An option is wrong, a file is missing, or no environment stands in for an image.
        Forbidden
            The run asks for the network, which its owner may not have.
        """
        asked = {**options_of(workflow.specification), **(given or {})}
        options = parse_options(self.engine_of(workflow), asked)
        if options.network:
            self._check_network(workflow)
        images = self._images(workflow)
        environment = self._environments.for_images(images, accepted=options.accept_substitution)
        plan = Plan(asked, images, environment.slug, options.network)
        commands = expand_commands(workflow.specification, parameters)
        if commands:
            commands = chosen_commands(commands, options)
        self._jobs.plans.record(workflow.id, plan)
        self._jobs.lay_out(workflow.id, commands)
        return plan

    def environment_of(self, workflow: Workflow) -> LocalEnvironment:
        """Return the environment that runs a run, or would if it were started now."""
        plan = self._jobs.plans.of(workflow.id)
        if plan is not None:
            return self._environments.named(plan.environment)
        try:
            return self._environments.for_images(workflow.images)
        except Malformed:
            return self._environments.for_images(())

    @staticmethod
    def engine_of(workflow: Workflow) -> str:
        """Return the engine of a workflow."""
        return str(workflow.specification["workflow"]["type"])

    def options_of(self, workflow: Workflow) -> Options:
        """Return the options that a planned run was started with."""
        plan = self._jobs.plans.of(workflow.id)
        return parse_options(self.engine_of(workflow), plan.options if plan else {})

    def _images(self, workflow: Workflow) -> tuple[str, ...]:
        named = images_of(workflow.specification)
        about = workflow.specification["workflow"]
        if about["type"] == SERIAL or (about["type"] != "snakemake" and about.get("specification")):
            return named
        text = _read(self._settings.workspaces / str(workflow.workspace), about["file"])
        return named or images_in_text(text)

    def _check_network(self, workflow: Workflow) -> None:
        if self._jobs.plans.username_of(workflow.owner) not in self._settings.network_for:
            raise Forbidden(
                "Runs have no network here. Bring the inputs into the workspace before the start,"
                " or ask the operator of this runner to allow your runs the network."
            )


def _read(workspace: Path, name: str) -> str:
    """Return the beginning of a file that the engine needs."""
    try:
        descriptor = open_file(workspace, name)
    except (NotFound, FileNotFoundError) as exc:
        raise Malformed(
            f"The workflow's file {name} is not in the workspace. Upload it before the start."
        ) from exc
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(FILE_BYTES).decode(errors="replace")
