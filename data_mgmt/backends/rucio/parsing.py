"""From Rucio's rows to the portal's values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from data_mgmt.backends.values import (
    Availability,
    Copy,
    Did,
    DidInfo,
    DidType,
    FileEntry,
    FileFault,
    FileReplicas,
    Lock,
    Rule,
    RuleState,
    Storage,
    StorageKind,
    Usage,
)

Row = Mapping[str, Any]
#: Rucio's own format; it answers and understands no other.
TIME_FORMAT = "%a, %d %b %Y %H:%M:%S UTC"


def did_of(row: Row) -> Did:
    """Return the DID of any row that has one."""
    return Did(row["scope"], row["name"])


def info_of(row: Row, *, fallback: DidType | None = None) -> DidInfo:
    """Return a DID with what its row says of it."""
    kind = row.get("type") or row.get("did_type")
    return DidInfo(
        did=did_of(row),
        type=DidType(kind.lower()) if kind else fallback or DidType.FILE,
        bytes=whole(row.get("bytes")),
        files=whole(row.get("length")),
        account=row.get("account") or "",
        is_open=bool(row.get("open")),
        adler32=row.get("adler32") or "",
        expires_at=time_of(row.get("expired_at")),
    )


def file_of(row: Row) -> FileEntry:
    """Return a file."""
    return FileEntry(did_of(row), whole(row.get("bytes")) or 0, row.get("adler32") or "")


def replicas_of(row: Row) -> FileReplicas:
    """Return a file with its copies."""
    addresses = row.get("rses") or {}
    states = row.get("states") or dict.fromkeys(addresses, "AVAILABLE")
    copies = (
        Copy(storage, state.lower(), next(iter(addresses.get(storage) or ()), ""))
        for storage, state in sorted(states.items())
    )
    return FileReplicas(file_of(row), tuple(copies))


def availability_of(row: Row) -> Availability:
    """Return how much of a dataset is at one storage."""
    files, size = whole(row.get("available_length")) or 0, whole(row.get("available_bytes")) or 0
    return Availability(
        storage=row["rse"],
        files=files,
        files_total=whole(row.get("length")) or files,
        bytes=size,
        bytes_total=whole(row.get("bytes")) or size,
    )


def storage_of(row: Row, attributes: Row, usage: list[Row]) -> Storage:
    """Return a storage from its row, its attributes and its usage reports."""
    reports = {report["source"]: report for report in usage}
    storage, counted = reports.get("storage", {}), reports.get("rucio", {})
    return Storage(
        name=row["rse"],
        kind=StorageKind.TAPE if row.get("rse_type") == "TAPE" else StorageKind.DISK,
        site=str(attributes.get("site") or ""),
        country=str(attributes.get("country") or row.get("country_name") or ""),
        is_writable=bool(row.get("availability_write", True)),
        used=whole(counted.get("used")),
        free=whole(storage.get("free")),
        is_readable=bool(row.get("availability_read", True)),
        approvers=_names(attributes.get("rule_approvers")),
        takes_approval=not attributes.get("block_manual_approval"),
    )


def _names(text: object) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in str(text or "").split(","))))


def usage_of(row: Row) -> Usage:
    """Return an account's use of one storage."""
    return Usage(
        storage=row["rse"],
        used=whole(row.get("bytes")) or 0,
        files=whole(row.get("files")) or 0,
        limit=whole(row.get("bytes_limit")),
    )


def rule_of(row: Row) -> Rule:
    """Return a rule."""
    return Rule(
        id=row["id"],
        did=did_of(row),
        account=row["account"],
        storage=row["rse_expression"],
        copies=row["copies"],
        state=RuleState(row["state"].lower()),
        locks_ok=row.get("locks_ok_cnt") or 0,
        locks_replicating=row.get("locks_replicating_cnt") or 0,
        locks_stuck=row.get("locks_stuck_cnt") or 0,
        error=reason_of(row.get("error")),
        comment=row.get("comments") or "",
        activity=row.get("activity") or "",
        bytes=whole(row.get("bytes")),
        created_at=time_of(row.get("created_at")),
        updated_at=time_of(row.get("updated_at")),
        expires_at=time_of(row.get("expires_at")),
    )


def lock_of(row: Row) -> Lock:
    """Return how far a file is."""
    return Lock(did_of(row), row["rse"], RuleState(row["state"].lower()))


def fault_of(row: Row) -> FileFault:
    """Return why a file does not arrive."""
    return FileFault(
        did=did_of(row),
        storage=row["rse"],
        reason=reason_of(row.get("last_error")),
        attempts=row.get("attempts") or 0,
        source=row.get("last_source") or "",
    )


def reason_of(text: object) -> str:
    """Return an error's sentence without the name of the enumeration before it."""
    reason = str(text or "")
    if reason.startswith("RequestState."):
        return ""  # the analysis of a rule tells the state of a transfer as its error
    head, colon, rest = reason.partition(":")
    return rest.strip() if colon and head.startswith("RequestErrMsg.") else reason


def time_text(at: datetime) -> str:
    """Return a time as Rucio reads it."""
    return at.astimezone(UTC).strftime(TIME_FORMAT)


def time_of(text: str | None) -> datetime | None:
    """Return a time that Rucio tells."""
    return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC) if text else None


def whole(number: object) -> int | None:
    """Return a figure as an integer: Rucio writes some as floats, and no limit as Infinity."""
    if not isinstance(number, int | float) or not math.isfinite(number) or number < 0:
        return None
    return int(number)
