"""Who else may use a workflow of REANA: shares, and sessions on its workspace."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from accounts.credentials import Credential
from reproducibility.backends.reana import parsing, rest
from reproducibility.backends.reana.refusals import NAME, SERVICE
from reproducibility.backends.reana.rest import workflow_path
from reproducibility.backends.values import NotOffered, Share
from vre_portal.errors import NotFound, UpstreamRefused


class SharingPart:
    """See `reproducibility.backends.runs.Runs`."""

    def share(
        self,
        credential: Credential,
        workflow_id: str,
        email: str,
        *,
        until: date | None = None,
        message: str = "",
    ) -> None:
        """Share by e-mail address, the only name that REANA takes."""
        body = {"user_email_to_share_with": email}
        body |= {"valid_until": until.isoformat()} if until else {}
        body |= {"message": message} if message else {}
        rest.told(credential, "POST", workflow_path(workflow_id, "share"), json=body)

    def unshare(self, credential: Credential, workflow_id: str, email: str) -> None:
        """Take it back."""
        query = {"user_email_to_unshare_with": email}
        rest.told(credential, "POST", workflow_path(workflow_id, "unshare"), params=query)

    def shares(self, credential: Credential, workflow_id: str) -> tuple[Share, ...]:
        """List them."""
        told = rest.fields(credential, "GET", workflow_path(workflow_id, "share-status"))
        return tuple(parsing.share(row) for row in parsing.rows(told, "shared_with"))

    def open_session(
        self, credential: Credential, workflow_id: str, kind: str = "jupyter", *, image: str = ""
    ) -> str:
        """Open one; REANA opens its path with the person's token."""
        where = workflow_path(workflow_id, "open", quote(kind, safe=""))
        body = {"image": image} if image else {}
        try:
            path = rest.fields(credential, "POST", where, json=body).get("path")
        except NotFound as exc:
            # A workflow that is not there is one thing, a kind of session that is not another.
            if "session" not in exc.message:
                raise
            raise NotOffered(exc.message, service=SERVICE) from exc
        if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
            raise UpstreamRefused(f"{NAME} gave no path of the session.", service=SERVICE)
        return path

    def close_session(self, credential: Credential, workflow_id: str) -> None:
        """Close it."""
        rest.told(credential, "POST", workflow_path(workflow_id, "close/"))
