"""Puts the runner together."""

from __future__ import annotations

from dataclasses import dataclass

from demo.reana.engine.launcher import Launcher
from demo.reana.engine.supervisor import Supervisor
from demo.reana.services.files import Files
from demo.reana.services.finding import Finder
from demo.reana.services.pace import Pace
from demo.reana.services.quota import Quota
from demo.reana.services.reports import Reports
from demo.reana.services.retention import Retention
from demo.reana.services.sharing import Sharing
from demo.reana.services.vault import Vault
from demo.reana.services.workflows import WorkflowService
from demo.reana.settings import Settings
from demo.reana.store import Pool, open_pool
from demo.reana.store.jobs import Jobs
from demo.reana.store.listing import Listing
from demo.reana.store.people import People
from demo.reana.store.retention import RetentionRules
from demo.reana.store.secrets import Secrets, read_key
from demo.reana.store.shares import Shares
from demo.reana.store.usage import Usages
from demo.reana.store.workflows import Workflows
from demo.reana.tokens import Verifier
from demo.reana.values import Person


@dataclass(frozen=True)
class Runner:
    """The parts of a running service."""

    settings: Settings
    pool: Pool
    verifier: Verifier
    pace: Pace
    people: People
    rows: Workflows
    listing: Listing
    rules: RetentionRules
    workflows: WorkflowService
    finder: Finder
    files: Files
    reports: Reports
    quota: Quota
    sharing: Sharing
    vault: Vault
    retention: Retention
    launcher: Launcher
    supervisor: Supervisor

    def sign_in(self, token: str) -> Person:
        """Return the person of a token, made at the first call."""
        claims = self.verifier.verify(token)
        person = self.people.remember(
            claims.issuer,
            claims.subject,
            username=claims.username,
            name=claims.name,
            email=claims.email,
        )
        self.pace.take(person.id)
        return person

    def start(self) -> None:
        """Begin to run what is queued or was interrupted, and to apply retention rules."""
        self.supervisor.start()
        self.retention.start()

    def close(self) -> None:
        """Stop all commands, to be taken up at the next start."""
        self.retention.close()
        self.supervisor.close()
        self.pool.close()


def make_runner(settings: Settings) -> Runner:
    """Return a runner that is not started yet."""
    pool = open_pool(settings.database_url)
    rows, jobs, people, rules = Workflows(pool), Jobs(pool), People(pool), RetentionRules(pool)
    launcher = Launcher(settings)
    secrets = Secrets(pool, read_key(settings.state / "secrets.key"))
    supervisor = Supervisor(settings, rows, jobs, launcher, secrets=secrets)
    quota = Quota(settings, Usages(pool))
    workflows = WorkflowService(
        settings, rows, jobs, rules=rules, quota=quota, launcher=launcher, supervisor=supervisor
    )
    files = Files(workflows, quota)
    return Runner(
        settings=settings,
        pool=pool,
        verifier=Verifier(settings.issuers, settings.audience),
        pace=Pace(settings.calls_per_second),
        people=people,
        rows=rows,
        listing=Listing(pool),
        rules=rules,
        workflows=workflows,
        finder=Finder(rows),
        files=files,
        reports=Reports(jobs, launcher, supervisor.planner),
        quota=quota,
        sharing=Sharing(people, Shares(pool)),
        vault=Vault(secrets),
        retention=Retention(rules, rows, files, seconds=settings.retention_seconds),
        launcher=launcher,
        supervisor=supervisor,
    )
