"""The adapter's methods for the index: Rucio's search in parts of the names, metadata in bulk."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from accounts.credentials import Credential
from data_mgmt.backends.harvest import DidDetails
from data_mgmt.backends.rucio import parsing, rest, search
from data_mgmt.backends.rucio.describing import TECHNICAL
from data_mgmt.backends.values import Did, DidInfo

#: So many DIDs a question; Rucio takes a thousand at most, and reads free metadata one by one.
COLUMNS_AT_ONCE = 1000
DESCRIBED_AT_ONCE = 250
#: Rucio has no other filter for the moment of a change; free metadata is a table of its own.
_CHANGED = "updated_at.gte"
_REGISTERED = "created_at.gte"


#: Rucio reads what looks like a moment, a number or a truth in a filter as one, a name too.
_MISREAD = re.compile(r"true|false|[*%]|[^ -~]|^\d{4}-\d\d-\d\d|, ", re.IGNORECASE)


class HarvestPart:
    """Rucio's lists, read for the index."""

    def may_bound(self, name: str) -> bool:
        """Return whether Rucio would read a name in a filter as what it is."""
        if not name or _MISREAD.search(name):
            return False
        try:
            ast.literal_eval(name)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return True
        return False

    def names_between(
        self,
        service_credential: Credential,
        scope: str,
        *,
        after: str = "",
        until: str | None = None,
        limit: int | None = None,
    ) -> Iterator[DidInfo]:
        """Yield a part of a scope's names; the key of Rucio's table finds it."""
        bounds = search.name_bounds("*", after, until)
        return map(parsing.info_of, self._found(service_credential, scope, bounds, limit))

    def registered_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[DidInfo]:
        """Yield what was registered since."""
        since = {_REGISTERED: _moment(at)}
        return map(parsing.info_of, self._found(service_credential, scope, since))

    def described_since(
        self, service_credential: Credential, scope: str, at: datetime
    ) -> Iterator[Did]:
        """Yield what was described since, which Rucio's plug-in for free metadata knows."""
        since = {_CHANGED: _moment(at)}
        return map(parsing.did_of, self._found(service_credential, scope, since))

    def _found(
        self,
        credential: Credential,
        scope: str,
        group: Mapping[str, Any],
        limit: int | None = None,
    ) -> Iterator[Mapping[str, Any]]:
        params = search.parameters(None, group)
        if limit is not None:
            params["limit"] = str(limit)
        return rest.rows(credential, search.path_of(scope), params=params)

    def details_of(
        self, service_credential: Credential, dids: Sequence[Did], *, described: bool
    ) -> Iterator[DidDetails]:
        """Yield columns, and free metadata by a second question: asked at once they mix."""
        size = DESCRIBED_AT_ONCE if described else COLUMNS_AT_ONCE
        for start in range(0, len(dids), size):
            part = dids[start : start + size]
            columns = _bulk(service_credential, part, "DID_COLUMN")
            free = _bulk(service_credential, part, "JSON") if described else None
            for did in part:
                row = columns.get(did)
                if row is not None and not row.get("suppressed"):
                    yield _details(row, free.get(did, {}) if free is not None else None)


def _bulk(credential: Credential, dids: Sequence[Did], plugin: str) -> dict[Did, Mapping[str, Any]]:
    asked = [{"scope": did.scope, "name": did.name} for did in dids]
    body = {"dids": asked, "inherit": False, "plugin": plugin}
    told = rest.rows(credential, "/dids/bulkmeta", method="POST", body=body)
    return {parsing.did_of(row): row for row in told}


def _details(row: Mapping[str, Any], free: Mapping[str, Any] | None) -> DidDetails:
    told = {**row, **(free or {})}
    metadata = {
        key: value for key, value in told.items() if key not in TECHNICAL and value is not None
    }
    info = parsing.info_of(row)
    info = replace(info, is_open=bool(row.get("is_open")))
    return DidDetails(
        info=info,
        created_at=parsing.time_of(row.get("created_at")),
        metadata=metadata if free is not None or metadata else None,
    )


def _moment(at: datetime) -> str:
    return parsing.time_text(at)
