"""The adapter's methods about accounts of groups, and about what stands above many files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.describing import GROUP, TECHNICAL
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import Did
from vre_portal.errors import Conflict, NotFound

DATA_MANAGER = "data-manager"
BULK = 500


class GroupsPart:
    """Accounts of groups, and the collections above files."""

    _pool: ThreadPoolExecutor

    def scopes_of(self, credential: Credential, account: str) -> tuple[str, ...]:
        """Return the scopes of an account; Rucio has an error for an account without one."""
        try:
            found = rest.value(credential, f"/accounts/{quote(account, safe='')}/scopes/")
        except NotFound:
            return ()
        return tuple(sorted(map(str, found)))

    def parents_of(self, credential: Credential, dids: Sequence[Did]) -> frozenset[Did]:
        """Ask for each, some at once: Rucio has no question for several that misses none."""

        def ask(did: Did) -> list[Did]:
            rows = rest.rows(credential, f"/dids/{did_path(did)}/parents")
            return [parsing.did_of(row) for row in rows]

        if len(dids) == 1:
            return frozenset(ask(dids[0]))
        found = self._pool.map(lambda did: copy_context().run(ask, did), dids)
        return frozenset(parent for parents in found for parent in parents)

    def metadata_of(
        self, credential: Credential, dids: Sequence[Did]
    ) -> Mapping[Did, Mapping[str, Any]]:
        """Return the metadata of many, some hundred a question."""
        found: dict[Did, Mapping[str, Any]] = {}
        for start in range(0, len(dids), BULK):
            asked = [{"scope": did.scope, "name": did.name} for did in dids[start : start + BULK]]
            body = {"dids": asked, "inherit": False, "plugin": "ALL"}
            for row in rest.rows(credential, "/dids/bulkmeta", method="POST", body=body):
                found[parsing.did_of(row)] = {
                    key: row[key] for key in row if key not in TECHNICAL and row[key] is not None
                }
        return found

    def ensure_group(
        self, service_credential: Credential, account: str, *, quota_bytes: int
    ) -> bool:
        """Make account, scope and limits; an account of that name is the site's own business."""
        path = f"/accounts/{quote(account, safe='')}"
        try:
            rest.ask(service_credential, "POST", path, body={"type": "GROUP", "email": ""})
        except Conflict:
            return False
        scope = quote(f"group.{account}", safe="")
        rest.ask(service_credential, "POST", f"/scopes/{quote(account, safe='')}/{scope}")
        for row in rest.rows(service_credential, "/rses/"):
            limit = f"{path}/limits/local/{quote(row['rse'], safe='')}"
            rest.ask(service_credential, "POST", limit, body={"bytes": quota_bytes})
        return True

    def set_marks(
        self,
        service_credential: Credential,
        account: str,
        *,
        groups: Collection[str],
        is_data_manager: bool,
    ) -> None:
        """Add and take away attributes; others of the account are not the portal's."""
        path = f"/accounts/{quote(account, safe='')}/attr"
        try:
            told = rest.value(service_credential, f"{path}/")
        except NotFound:
            return
        known = {str(row["key"]) for row in told}
        ours = {key for key in known if key.startswith(GROUP) or key == DATA_MANAGER}
        wanted = {f"{GROUP}{name}" for name in groups}
        if is_data_manager:
            wanted.add(DATA_MANAGER)

        for key in sorted(ours - wanted):
            rest.ask(service_credential, "DELETE", f"{path}/{quote(key, safe='')}")
        for key in sorted(wanted - ours):
            body = {"key": key, "value": "true"}
            rest.ask(service_credential, "POST", f"{path}/{quote(key, safe='')}", body=body)
