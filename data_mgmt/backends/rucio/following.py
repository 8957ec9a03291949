"""The adapter's methods that tell how rules and transfers go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.following import Transfer, TransferState
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import Did, Rule
from vre_portal.errors import NotFound

STATES: Mapping[str, TransferState] = {
    "WAITING": TransferState.HELD_BACK,
    "PREPARING": TransferState.QUEUED,
    "QUEUED": TransferState.QUEUED,
    "SUBMITTING": TransferState.UNDER_WAY,
    "SUBMITTED": TransferState.UNDER_WAY,
    "NO_SOURCES": TransferState.NO_SOURCE,
    "ONLY_TAPE_SOURCES": TransferState.ONLY_TAPE,
    "MISMATCH_SCHEME": TransferState.NO_COMMON_PROTOCOL,
    "SUSPEND": TransferState.SUSPENDED,
    "FAILED": TransferState.FAILED,
    "LOST": TransferState.FAILED,
    "SUBMISSION_FAILED": TransferState.FAILED,
    "DONE": TransferState.FINISHED,
}


class FollowingPart:
    """Rucio's rules and requests as they change."""

    def rules_changed(self, service_credential: Credential, since: datetime) -> Iterator[Rule]:
        """Yield the changed rules of everybody: one question, however many are watched."""
        params = {"updated_after": parsing.time_text(since)}
        found = rest.rows(service_credential, "/rules/", params=params)
        return map(parsing.rule_of, found)

    def transfer_of(self, credential: Credential, file: Did, storage: str) -> Transfer | None:
        """Return Rucio's request for a file."""
        path = f"/requests/{did_path(file)}/{quote(storage, safe='')}"
        try:
            row = rest.value(credential, path)
        except NotFound:
            return None
        if not row:
            return None
        state = STATES.get(str(row.get("state") or ""), TransferState.QUEUED)
        return Transfer(
            state=state,
            attempts=parsing.whole(row.get("retry_count")) or 0,
            reason=parsing.reason_of(row.get("err_msg")),
            source=str(row.get("source_rse") or ""),
            since=parsing.time_of(row.get("submitted_at") or row.get("requested_at")),
        )
