"""Captures from a workflow that somebody has at REANA: its specification and its workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from reproducibility.backends import AUDIENCE, Workflow, get_backend
from reproducibility.capture.values import Code, Found, Surroundings
from reproducibility.models import Capture
from reproducibility.services.analyses import SPECIFICATION
from reproducibility.services.captures.gathering import Gathering, is_wanted
from reproducibility.services.captures.sources import Choice, Origin
from vre_portal.errors import InvalidRequest, NotFound

FIELD = "workflow"
MAX_NAME = 200


class WorkflowSource:
    """A workflow by its name, such as fit.2, or by its id."""

    def check(self, user: User, wish: Mapping[str, str]) -> Origin:
        """Find the workflow with the person's own token."""
        name = wish.get(FIELD, "").strip()
        if not name or len(name) > MAX_NAME:
            raise InvalidRequest(_("Give a workflow's name or id."), field=FIELD)
        found = _found(credential_for(user, AUDIENCE), name)
        return {"workflow": found.name, "id": found.id}

    def gather(self, capture: Capture, gathering: Gathering) -> Found:
        """Read the workspace."""
        credential, workflow_id = credential_for(capture.user, AUDIENCE), capture.origin["id"]
        backend = get_backend()
        files = [
            each for each in backend.list_files(credential, workflow_id) if is_wanted(each.path)
        ]
        if SPECIFICATION not in {each.path for each in files}:
            words = _("The workspace has no %s. Capture it from a repository or a ZIP instead.")
            raise InvalidRequest(words % SPECIFICATION, field=FIELD)
        gathering.expect(len(files), FIELD)
        for file in files:
            read = partial(backend.download, credential, workflow_id, file.path)
            gathering.add(file.path, file.size, read)
        environment = backend.environment(credential, workflow_id)
        surroundings = Surroundings(
            image=environment.recorded, name=environment.used,
            lock_sha256=environment.packages_sha256, packages=environment.packages,
        )  # fmt: skip
        return Found(tuple(gathering.files), surroundings=surroundings, code=Code())

    def forget(self, origin: Mapping[str, Any]) -> None:
        """Keep nothing: nothing was kept."""

    def choices(self, user: User) -> list[Choice]:
        """Return none: a name is typed."""
        return []


def _found(credential: Credential, name: str) -> Workflow:
    """Return the workflow of an id, of a name with its run's number, or the newest of a name."""
    backend, found = get_backend(), None
    try:
        found = backend.get(credential, name)
    except NotFound:
        found = backend.find(credential, name)
    if found is None:
        raise InvalidRequest(
            _("You have no workflow %s. Its name is in the list of your workflows.") % name[:80],
            field=FIELD,
        )
    return found
