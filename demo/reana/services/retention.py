"""Applies retention rules: files that are neither inputs nor outputs go some days after the end."""

from __future__ import annotations

import logging
import threading

from demo.reana.errors import Conflict, NotFound
from demo.reana.services.files import Files
from demo.reana.store.retention import RetentionRule, RetentionRules
from demo.reana.store.workflows import Workflows
from demo.reana.values import Status

log = logging.getLogger("reana.retention")


class Retention:
    """The small loop that applies what is due."""

    def __init__(
        self, rules: RetentionRules, workflows: Workflows, files: Files, *, seconds: float
    ) -> None:
        self._rules = rules
        self._workflows = workflows
        self._files = files
        self._seconds = seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="retention", daemon=True)

    def start(self) -> None:
        """Begin to look for rules that are due."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; a rule that is being applied is applied to its end."""
        self._closing.set()
        self._thread.join()

    def apply_due(self) -> None:
        """Apply the rules whose day is over."""
        self._rules.activate()
        for rule in self._rules.take_due():
            try:
                self._apply(rule)
            except Conflict:
                continue  # a restart is at work there; the rule waits
            self._rules.settle(rule)

    def _apply(self, rule: RetentionRule) -> None:
        workflow = self._workflows.by_id(rule.workflow)
        if workflow is None or workflow.status is Status.DELETED:
            return
        try:
            removed = self._files.prune(workflow, pattern=rule.workspace_files)
        except NotFound:
            return  # the workspace went by hand
        log.info(
            "Run %s: the rule %r removed %d files",
            workflow.id,
            rule.workspace_files,
            removed,
        )

    def _loop(self) -> None:
        while not self._closing.wait(self._seconds):
            try:
                self.apply_due()
            except Exception:  # the loop outlives a database that restarts
                log.exception("Retention rules could not be applied; it is tried again.")
