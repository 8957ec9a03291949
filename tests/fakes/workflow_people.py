"""The fake workflow service about itself and its people: limits, secrets, shares, sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from accounts.credentials import Credential
from reproducibility.backends import (
    About,
    Dialect,
    NotOffered,
    Person,
    Quota,
    Secret,
    SecretKind,
    Share,
    Usage,
)
from tests.fakes.workflow_state import FakeState, counted, email_of
from vre_portal.errors import Conflict, NotFound


class FakePeople(FakeState):
    """Does what `reproducibility.backends.people.People` promises, and shares."""

    @counted
    def about(self, credential: Credential) -> About:
        return About(
            version="0.95.0",
            dialect=Dialect(bundles=True, bearer=True),
            capabilities=frozenset({"workflow-specification-bundles-v1"}),
            engines=("serial",),
            compute_backends=("kubernetes",),
            job_seconds=3600,
            job_memory="4Gi",
        )

    @counted
    def whoami(self, credential: Credential) -> Person:
        return Person(credential.account, email_of(credential.account))

    @counted
    def quota(self, credential: Credential) -> Quota:
        mine = [made for made in self.workflows.values() if made.owner == credential.account]
        used = sum(len(content) for made in mine for content in made.files.values())
        return Quota(self.cpu, Usage(used, self.disk_limit))

    @counted
    def secrets(self, credential: Credential) -> tuple[Secret, ...]:
        mine = {
            key: kind for key, kind in self.kept_secrets.items() if key[0] == credential.account
        }
        return tuple(Secret(name, kind) for (_, name), kind in sorted(mine.items()))

    @counted
    def add_secret(
        self,
        credential: Credential,
        name: str,
        value: bytes,
        *,
        kind: SecretKind = SecretKind.VARIABLE,
        overwrite: bool = False,
    ) -> None:
        key = (credential.account, name)
        if key in self.kept_secrets and not overwrite:
            raise Conflict("REANA says: there is one of that name.", service="reana")
        self.kept_secrets[key] = kind

    @counted
    def remove_secret(self, credential: Credential, name: str) -> None:
        if self.kept_secrets.pop((credential.account, name), None) is None:
            raise NotFound(f"REANA says: not found: {name}", service="reana")

    @counted
    def share(
        self,
        credential: Credential,
        workflow_id: str,
        email: str,
        *,
        until: date | None = None,
        message: str = "",
    ) -> None:
        made = self.mine(credential, workflow_id)
        if any(one.email == email for one in made.shares):
            raise Conflict("REANA says: it is shared with them already.", service="reana")
        last = datetime.combine(until, time(23, 59, 59), UTC) if until else None
        made.shares.append(Share(email, last))

    @counted
    def unshare(self, credential: Credential, workflow_id: str, email: str) -> None:
        made = self.mine(credential, workflow_id)
        if all(one.email != email for one in made.shares):
            raise Conflict("REANA says: it is not shared with them.", service="reana")
        made.shares = [one for one in made.shares if one.email != email]

    @counted
    def shares(self, credential: Credential, workflow_id: str) -> tuple[Share, ...]:
        return tuple(self.mine(credential, workflow_id).shares)

    @counted
    def open_session(
        self, credential: Credential, workflow_id: str, kind: str = "jupyter", *, image: str = ""
    ) -> str:
        made = self.mine(credential, workflow_id)
        if not self.has_sessions:
            raise NotOffered("This REANA does not offer that.", service="reana")
        if made.session:
            raise Conflict("REANA says: there is a session already.", service="reana")
        made.session = f"/{made.workflow.id}"
        return made.session

    @counted
    def close_session(self, credential: Credential, workflow_id: str) -> None:
        made = self.mine(credential, workflow_id)
        if not made.session:
            raise NotFound("REANA says: there is no session.", service="reana")
        made.session = ""
