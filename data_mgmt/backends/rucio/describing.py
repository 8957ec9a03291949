"""The adapter's methods that write metadata, and who may."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import Did, Value
from vre_portal.errors import Forbidden, InvalidRequest

#: Before the name of an account: the attribute of those who may act for it.
GROUP = "group-"
#: Rucio's own columns, of which a person reads other places of a page, or nothing.
TECHNICAL = frozenset(
    {
        "scope", "name", "account", "did_type", "type", "is_open", "monotonic", "hidden",
        "obsolete", "complete", "is_new", "availability", "suppressed", "bytes", "length",
        "md5", "adler32", "expired_at", "purge_replicas", "deleted_at", "guid", "transient",
        "accessed_at", "closed_at", "eol_at", "is_archive", "constituent", "access_cnt",
        "created_at", "updated_at",
    }
)  # fmt: skip
#: Besides, the columns of the experiments that Rucio began with, which can't be emptied again, and
#: keys that do something.
KEPT = TECHNICAL | {
    "project", "datatype", "run_number", "stream_name", "prod_step", "version", "campaign",
    "task_id", "panda_id", "lumiblocknr", "provenance", "phys_group", "events", "lifetime",
    "rule_evaluation_action", "rule_evaluation_required",
}  # fmt: skip


class DescribingPart:
    """Rucio's metadata, written."""

    def made_at(self, credential: Credential, did: Did) -> datetime | None:
        """Return when a DID was registered."""
        row = rest.value(credential, f"/dids/{did_path(did)}/meta", params={"plugin": "DID_COLUMN"})
        return parsing.time_of(row.get("created_at"))

    def may_describe(self, credential: Credential, did: Did) -> bool:
        """Return whether the account, or a group's that it acts for, has the scope, or all have."""
        path = "/accounts/{}/scopes/"
        if did.scope in rest.value(credential, path.format(quote(credential.account, safe=""))):
            return True
        told = rest.value(credential, f"/accounts/{quote(credential.account, safe='')}/attr/")
        marks = [str(row["key"]) for row in told if row.get("value")]
        groups = [mark.removeprefix(GROUP) for mark in marks if mark.startswith(GROUP)]
        return "admin" in marks or any(
            did.scope in rest.value(credential, path.format(quote(name, safe="")))
            for name in groups
        )

    def check_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        """Refuse what Rucio would refuse, and what it should: it lets anybody delete a key."""
        for key in changes:
            if key in KEPT:
                words = f"Rucio keeps {key} itself: it is not for people to write."
                raise InvalidRequest(words, field=key, service=rest.SERVICE)
            if "." in key:
                words = f"A key has no dot in Rucio: {key}."
                raise InvalidRequest(words, field=key, service=rest.SERVICE)
        if not self.may_describe(credential, did):
            words = f"Only the owner of the scope {did.scope} may describe what is in it."
            raise Forbidden(words, service=rest.SERVICE)

    def set_metadata(
        self, credential: Credential, did: Did, changes: Mapping[str, Value | None]
    ) -> None:
        """Write keys in one request, then take away those whose value is None."""
        self.check_metadata(credential, did, changes)
        path = f"/dids/{did_path(did)}/meta"
        wanted = {key: value for key, value in changes.items() if value is not None}
        if wanted:
            rest.ask(credential, "POST", path, body={"meta": wanted})
        for key in changes.keys() - wanted.keys():
            rest.ask(credential, "DELETE", path, params={"key": key})
