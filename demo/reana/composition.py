"""Puts the runner together."""

from __future__ import annotations

from dataclasses import dataclass

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.supervisor import Supervisor
from demo.reana.environment import LocalEnvironment
from demo.reana.services.files import Files
from demo.reana.services.reports import Reports
from demo.reana.services.workflows import WorkflowService
from demo.reana.settings import Settings
from demo.reana.store import Pool, open_pool
from demo.reana.store.jobs import Jobs
from demo.reana.store.people import People
from demo.reana.store.workflows import Workflows
from demo.reana.tokens import Verifier
from demo.reana.values import Person


@dataclass(frozen=True)
class Runner:
    """The parts of a running service."""

    settings: Settings
    pool: Pool
    verifier: Verifier
    people: People
    rows: Workflows
    workflows: WorkflowService
    files: Files
    reports: Reports
    environment: LocalEnvironment
    launcher: Launcher
    supervisor: Supervisor

    def sign_in(self, token: str) -> Person:
        """Return the person of a token, made at the first call."""
        claims = self.verifier.verify(token)
        return self.people.remember(
            claims.issuer,
            claims.subject,
            username=claims.username,
            name=claims.name,
            email=claims.email,
        )

    def start(self) -> None:
        """Begin to run what is queued or was interrupted."""
        self.supervisor.start()

    def close(self) -> None:
        """Stop all commands, to be taken up at the next start."""
        self.supervisor.close()
        self.pool.close()


def make_runner(settings: Settings) -> Runner:
    """Return a runner that is not started yet."""
    pool = open_pool(settings.database_url)
    rows, jobs = Workflows(pool), Jobs(pool)
    launcher = Launcher(settings)
    supervisor = Supervisor(settings, rows, jobs, launcher)
    workflows = WorkflowService(settings, rows, jobs, launcher, supervisor)
    environment = LocalEnvironment(settings.environment_name, settings.environment)
    return Runner(
        settings=settings,
        pool=pool,
        verifier=Verifier(settings.issuers, settings.audience),
        people=People(pool),
        rows=rows,
        workflows=workflows,
        files=Files(workflows),
        reports=Reports(jobs, launcher, environment),
        environment=environment,
        launcher=launcher,
        supervisor=supervisor,
    )
