"""The adapter's methods that make and change collections, and declare copies bad."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounts.credentials import Credential
from data_mgmt.backends.rucio import parsing, rest
from data_mgmt.backends.rucio.rest import did_path
from data_mgmt.backends.values import Did, DidType
from vre_portal.errors import Conflict, InvalidRequest, NotFound


class CollectionsPart:
    """Collections, changed by those who own their scope."""

    def make(self, credential: Credential, did: Did, type: DidType, *, account: str = "") -> None:
        """Register a collection; only Rucio's call for several takes the account of another."""
        row = {"scope": did.scope, "name": did.name, "type": type.name}
        rest.ask(
            credential, "POST", "/dids", body=[{**row, "account": account or credential.account}]
        )

    def attach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        """Attach in one transaction of Rucio's."""
        attachment = {"scope": did.scope, "name": did.name, "dids": _rows(children)}
        body = {"attachments": [attachment], "ignore_duplicate": True}
        rest.ask(credential, "POST", "/dids/attachments", body=body)

    def detach(self, credential: Credential, did: Did, children: Sequence[Did]) -> None:
        """Detach in one transaction of Rucio's."""
        path = f"/dids/{did_path(did)}/dids"
        rest.ask(credential, "DELETE", path, body={"dids": _rows(children)})

    def members(self, credential: Credential, did: Did) -> Iterator[tuple[Did, DidType]]:
        """Yield what is directly in a collection as Rucio sends it."""
        for row in rest.rows(credential, f"/dids/{did_path(did)}/dids"):
            info = parsing.info_of(row)
            yield info.did, info.type

    def set_open(self, credential: Credential, did: Did, *, is_open: bool) -> None:
        """Close or open; Rucio refuses what is so already as what can't be done."""
        path = f"/dids/{did_path(did)}"
        try:
            rest.ask(credential, "PUT", f"{path}/status", body={"open": is_open})
        except InvalidRequest:
            if bool(rest.value(credential, path).get("open")) is not is_open:
                raise

    def erase(self, credential: Credential, did: Did, *, seconds: int | None) -> None:
        """Write the lifetime of a DID: the undertaker takes it away when it is over."""
        path = f"/dids/{did_path(did)}/meta/lifetime"
        rest.ask(credential, "POST", path, body={"value": seconds})

    def declare_bad(self, credential: Credential, file: Did, *, storage: str, reason: str) -> None:
        """Declare one copy; Rucio answers what it did not declare."""
        row = {"scope": file.scope, "name": file.name, "rse": storage}
        body = {"replicas": [row], "reason": reason}
        told = rest.ask(credential, "POST", "/replicas/bad", body=body).json()
        refused = " ".join(str(line) for lines in told.values() for line in lines)
        if "Already declared" in refused:
            raise Conflict("This copy was declared bad before.", service=rest.SERVICE)
        if refused:
            raise NotFound(f"There is no copy of {file} at {storage}.", service=rest.SERVICE)


def _rows(dids: Sequence[Did]) -> list[dict[str, str]]:
    return [{"scope": did.scope, "name": did.name} for did in dids]
