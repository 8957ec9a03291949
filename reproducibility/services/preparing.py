"""The beginning of a run: its workflow is made, its inputs are fetched and handed over, it starts.

The workflow is made first, so that the service has it at once. Each input has the catalogue's
checksum before anything starts; where one has not, the workflow that was made is taken back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from accounts.credentials import credential_for
from reproducibility.backends import AUDIENCE, Workflow, WorkflowState, get_backend
from reproducibility.models import Run, RunState
from reproducibility.services import following, progress, staging, verdicts, workflows
from reproducibility.services.turns import Turn
from vre_portal.errors import Conflict, PortalError
from vre_portal.operations import Again, Outcome

log = logging.getLogger(__name__)
TELL_SECONDS = 1.0


def prepare(turn: Turn) -> Outcome:
    """Bring a run to its start, from wherever an earlier worker left it."""
    run, backend = turn.run, get_backend()
    workflow = backend.find(turn.credential(), run.remote_name) or _create(turn)
    if run.workflow_id != workflow.id:
        turn.save(workflow_id=workflow.id, workflow_name=workflow.name)
    if workflow.state is WorkflowState.CREATED:
        _fetch(turn)
        if turn.stop_wanted() or not _hand_over(turn):
            return Again()
        _start(turn)
    environment = backend.environment(turn.credential(), workflow.id)
    first, *others = run.steps
    turn.save(
        state=RunState.QUEUED,
        message="Waiting for its turn.",
        environment=verdicts.environment_json(environment),
        steps=[progress.ended(first, "done"), *others],
    )
    staging.clean_up(run)
    return Again(following.LOOK_SECONDS)


def take_back(run: Run) -> None:
    """Delete the workflow of a run that never started; what can't be deleted is left."""
    if run.state != RunState.PREPARING or not run.workflow_id:
        return
    made = Workflow(run.workflow_id, run.workflow_name, WorkflowState.CREATED)
    try:
        get_backend().cancel(credential_for(run.user, AUDIENCE), made)
    except PortalError as exc:
        log.info("workflow %s is left at the service: %s", run.workflow_name, exc.message)


def _create(turn: Turn) -> Workflow:
    run = turn.run
    files = {
        staging.SPECIFICATION: run.version.specification.encode(),
        **workflows.step_files(run.version),
    }
    specification = workflows.specification_of(run.version)
    return get_backend().create(turn.credential(), run.remote_name, specification, files)


def _fetch(turn: Turn) -> None:
    run = turn.run
    first, *others = run.steps
    turn.save(steps=[progress.begun(first), *others], message="Fetching the inputs.")
    if not run.inputs or not staging.are_here(run):
        inputs = staging.fetch_inputs(run)
        turn.save(inputs=inputs, message=f"Inputs verified ({len(inputs)} of {len(inputs)}).")


def _hand_over(turn: Turn) -> bool:
    """Fill the workspace; False when the user wants to stop."""
    run = turn.run
    missing = staging.missing_files(run, turn.credential())
    handing = Handing(turn, missing)
    for file in missing:
        if turn.stop_wanted():
            return False
        handing.begin(file)
        staging.upload(run, file, turn.credential(), handing.told)
    return not turn.stop_wanted()


def _start(turn: Turn) -> None:
    run, credential = turn.run, turn.credential()
    try:
        get_backend().start(credential, run.workflow_id, run.parameters)
    except Conflict:
        # Started by a worker that died before it could say so.
        if get_backend().get(credential, run.workflow_id).state is WorkflowState.CREATED:
            raise


class Handing:
    """Files on their way to the workspace, told on the page about once a second."""

    def __init__(self, turn: Turn, files: Sequence[staging.Staged]) -> None:
        self._turn, self._files = turn, files
        self._total = sum(file.size for file in files)
        self._number = self._before = 0
        self._told_at = 0.0

    def begin(self, file: staging.Staged) -> None:
        """Go on with a file."""
        self._before = sum(each.size for each in self._files[: self._number])
        self._number += 1
        self._save(0, f"Handing file {self._number} of {len(self._files)} over: {file.path}.")

    def told(self, sent: int) -> None:
        """Hear how many bytes of the present file are there."""
        if time.monotonic() - self._told_at > TELL_SECONDS:
            self._save(sent, self._turn.run.message)

    def _save(self, sent: int, message: str) -> None:
        self._told_at = time.monotonic()
        transfer = {
            "files": self._number - 1,
            "files_total": len(self._files),
            "bytes": self._before + sent,
            "bytes_total": self._total,
        }
        self._turn.save(message=message, transfer=transfer)
