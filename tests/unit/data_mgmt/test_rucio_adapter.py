"""The Rucio adapter's own reasoning: refusals by class, pages out of unordered lists, rows."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from data_mgmt.backends.rucio import parsing, rest, search
from data_mgmt.backends.values import Did, DidInfo, DidType, RuleState
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    UpstreamRefused,
    UpstreamUnavailable,
)


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (500, "AccessDenied", Forbidden),
        (401, "AccessDenied", Forbidden),
        (401, "CannotAuthenticate", CredentialExpired),
        (401, "", CredentialExpired),
        (404, "DataIdentifierNotFound", NotFound),
        (404, "RuleNotFound", NotFound),
        (409, "DuplicateRule", Conflict),
        (409, "InsufficientAccountLimit", QuotaExceeded),
        (500, "InvalidRSEExpression", InvalidRequest),
        (409, "UnsupportedOperation", InvalidRequest),
        (500, "DatabaseException", UpstreamUnavailable),
        (500, "ReplicationRuleCreationTemporaryFailed", UpstreamUnavailable),
        (500, "SomethingNew", UpstreamRefused),
        (500, "", UpstreamRefused),
    ],
)
def test_a_refusal_means_what_its_class_says_whatever_the_status(
    status: int, kind: str, expected: type[PortalError]
) -> None:
    body = json.dumps({"ExceptionClass": kind, "ExceptionMessage": "INSERT INTO secret"}).encode()

    error = rest.error_of(status, "", body)

    assert type(error) is expected
    assert "secret" not in error.message
    assert "secret" in str(error.__cause__)


def test_a_badly_formed_rule_id_is_the_callers_fault() -> None:
    body = (
        b'{"ExceptionClass": "RucioException", "ExceptionMessage": "Badly formatted rule id (x)"}'
    )

    assert isinstance(rest.error_of(500, "", body), InvalidRequest)


def test_the_body_counts_before_the_header_and_nonsense_is_survived() -> None:
    assert isinstance(rest.error_of(404, "ScopeNotFound", b"<html>"), NotFound)
    assert isinstance(rest.error_of(500, "", b"[1]"), UpstreamRefused)


def names_in(order: list[str]) -> tuple[search.Fetch, list[int]]:
    """A list in an order of its own, as the service gives it, and what was read of it."""
    read: list[int] = []

    def fetch(upper: str | None, limit: int | None) -> Iterable[DidInfo]:
        found = [name for name in order if upper is None or name <= upper][:limit]
        read.append(len(found))
        return [DidInfo(Did("s", name), DidType.FILE) for name in found]

    return fetch, read


ORDERS: list[Callable[[list[str]], list[str]]] = [
    list,
    lambda names: names[::-1],
    lambda names: random.Random(7).sample(names, len(names)),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [0, 1, 100, 101, 999, 1000, 1001, 20_000])
def test_the_smallest_names_are_found_in_any_order(
    order: Callable[[list[str]], list[str]], size: int
) -> None:
    names = [f"n{number:06d}" for number in range(size)]
    fetch, _read = names_in(order(names))

    found = search.smallest(fetch, 101)

    assert [row.did.name for row in found] == names[:101]


def test_a_list_kept_by_name_is_hardly_read() -> None:
    fetch, read = names_in([f"n{number:06d}" for number in range(100_000)])

    search.smallest(fetch, 101)

    assert sum(read) < 1200


def test_a_pattern_knows_only_the_star() -> None:
    dids = [Did("s", name) for name in ("a[1].root", "a1.root", "b.root")]

    assert search.matching(dids, "a[1]*", None) == [Did("s", "a[1].root")]


def test_rows_become_values() -> None:
    rule = parsing.rule_of(
        {
            "id": "r", "scope": "s", "name": "n", "account": "a", "rse_expression": "X",
            "copies": 1, "state": "WAITING_APPROVAL", "error": None,
            "created_at": "Sun, 22 Nov 2026 22:31:02 UTC", "expires_at": None,
        }
    )  # fmt: skip
    usage = parsing.usage_of({"rse": "X", "bytes": 5.0, "files": 1, "bytes_limit": float("inf")})

    assert rule.state is RuleState.WAITING_APPROVAL
    assert rule.created_at is not None
    assert parsing.time_text(rule.created_at) == "Sun, 22 Nov 2026 22:31:02 UTC"
    assert (usage.used, usage.limit, usage.remaining) == (5, None, None)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("RequestErrMsg.TRANSFER_FAILED:[Errno 2] No such file: x", "[Errno 2] No such file: x"),
        ("RequestState.FAILED", ""),
        ("No space: left", "No space: left"),
        (None, ""),
    ],
)
def test_a_reason_is_the_sentence_in_an_error(told: str | None, reason: str) -> None:
    assert parsing.reason_of(told) == reason


def test_the_release_of_rucio_clients_has_the_hooks() -> None:
    from data_mgmt.backends.rucio.download import missing_hooks

    assert missing_hooks() == []


def test_the_configuration_of_rucio_clients_names_nobody() -> None:
    import data_mgmt.backends.rucio as adapter

    text = (Path(adapter.__file__).parent / "client.cfg").read_text()

    assert text.strip().endswith("[client]")
