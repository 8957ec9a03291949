"""Each refusal of a real Rucio that can be provoked: its kind, and nothing of Rucio's own text.

Not provoked: StagingAreaRuleRequiresLifetime and ScratchDiskLifetimeConflict (no such storage),
ManualRuleApprovalBlocked, ReplicaNotFound (nobody may delete replicas), InputValidationError,
IdentityNotFound, and what comes by chance under load (DatabaseException,
ReplicationRuleCreationTemporaryFailed, ResourceTemporaryUnavailable). Those are told by their
class in the adapter's unit tests.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.credentials import Credential
from data_mgmt.backends.rucio import RucioBackend, rest
from demo.rucio.rest import Rest, service
from tests.signin import running_stack
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
)

SCOPE = "cms"
FILE = "dimuon_synthetic_2026_1.root"
ANOTHER = "dimuon_synthetic_2026_2.root"
#: Parts of foreign words that nobody may read.
FOREIGN = (
    "SQL",
    "psycopg",
    "INSERT",
    "Traceback",
    "schema",
    "violates",
    "Failed",
    "NoneType",
    "vo ",
)


@dataclass(frozen=True)
class World:
    """A real Rucio with a closed dataset, an open one in a container, and who asks."""

    who: Credential
    dataset: str
    closed: str
    box: str
    poor: str

    def rule(self, **changes: Any) -> dict[str, Any]:
        """Return the wish for a rule that is there already."""
        wish = {
            "dids": [{"scope": SCOPE, "name": self.dataset}],
            "account": "root",
            "copies": 1,
            "rse_expression": "CERN-DISK",
            "grouping": "DATASET",
            "asynchronous": True,
            "lifetime": 60,
        }
        return {**wish, **changes}


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Make what the cases need."""
    stack = running_stack()
    os.environ["VRE_RUCIO_URL"] = stack.url("rucio")
    os.environ["VRE_RUCIO_SERVICE_PASSWORD"] = stack.secret("rucio-root")
    get_config.cache_clear()
    name = f"refusals-{uuid.uuid4().hex[:10]}"
    made = World(
        RucioBackend().service_credential(), name, f"{name}.closed", f"{name}.box", "quotaless"
    )
    _fill(service(stack), made)
    yield made
    get_config.cache_clear()


def _fill(root: Rest, world: World) -> None:
    for name, kind in (
        (world.dataset, "DATASET"),
        (world.closed, "DATASET"),
        (world.box, "CONTAINER"),
    ):
        root.call("POST", f"/dids/{SCOPE}/{name}", {"type": kind})
    root.call("POST", f"/dids/{SCOPE}/{world.dataset}/dids", _dids(FILE))
    root.call("POST", f"/dids/{SCOPE}/{world.box}/dids", _dids(world.dataset))
    root.call("PUT", f"/dids/{SCOPE}/{world.closed}/status", {"open": False})
    root.call("POST", "/rules/", world.rule())
    root.ensure(f"/accounts/{world.poor}", {"type": "USER", "email": "poor@demo.invalid"})


def _dids(*names: str) -> dict[str, Any]:
    return {"dids": [{"scope": SCOPE, "name": name} for name in names]}


Case = tuple[str, str, Any, type[PortalError]]
#: What provokes it, with `{dataset}` and the like in its path; a body may be made of the world.
CASES: dict[str, Case] = {
    "DataIdentifierNotFound": ("GET", "/dids/cms/none", None, NotFound),
    "a name beyond Latin": ("GET", "/dids/cms/%E2%80%AEgnp.exe", None, NotFound),
    "RSENotFound": ("GET", "/rses/NOPE", None, NotFound),
    "RuleNotFound": ("GET", f"/rules/{'0' * 32}", None, NotFound),
    "a badly formed rule id": ("GET", "/rules/xyz", None, InvalidRequest),
    "AccountNotFound": ("GET", "/accounts/nope-nope", None, NotFound),
    "AccountNotFound of a rule": (
        "POST", "/rules/", lambda w: w.rule(account="nope-nope"), NotFound,
    ),
    "ScopeNotFound": ("POST", "/dids/noscope/x", {"type": "DATASET"}, NotFound),
    "SubscriptionNotFound": ("GET", "/subscriptions/root/nope", None, NotFound),
    "RequestNotFound": ("GET", "/requests/cms/none/CERN-DISK", None, NotFound),
    "KeyNotFound": ("DELETE", "/dids/cms/{dataset}/meta?key=none", None, NotFound),
    "AccessDenied": ("DELETE", "/replicas", {"rse": "CERN-DISK", "files": []}, Forbidden),
    "DataIdentifierAlreadyExists": ("POST", "/dids/cms/{dataset}", {"type": "DATASET"}, Conflict),
    "Duplicate": ("POST", "/scopes/root/cms", None, Conflict),
    "FileAlreadyExists": ("POST", "/dids/cms/{dataset}/dids", _dids(FILE), Conflict),
    "DuplicateContent": (
        "POST", "/dids/cms/{box}/dids", lambda w: _dids(w.dataset), Conflict,
    ),
    "DuplicateRule": ("POST", "/rules/", lambda w: w.rule(), Conflict),
    "InsufficientAccountLimit": (
        "POST", "/rules/", lambda w: w.rule(account=w.poor), QuotaExceeded,
    ),
    "InsufficientTargetRSEs": ("POST", "/rules/", lambda w: w.rule(copies=9), InvalidRequest),
    "InvalidRSEExpression, nothing": (
        "POST", "/rules/", lambda w: w.rule(rse_expression="NOPE"), InvalidRequest,
    ),
    "InvalidRSEExpression, syntax": (
        "POST", "/rules/", lambda w: w.rule(rse_expression="A=&|"), InvalidRequest,
    ),
    "InvalidValueForKey": ("POST", "/rules/", lambda w: w.rule(copies=0), InvalidRequest),
    "InvalidObject": ("POST", f"/dids/cms/{'a' * 251}", {"type": "DATASET"}, InvalidRequest),
    "InvalidObject of a rule": (
        "POST", "/rules/", lambda w: w.rule(rse_expression=5), InvalidRequest,
    ),
    "UnsupportedOperation": ("POST", "/dids/cms/{closed}/dids", _dids(ANOTHER), InvalidRequest),
    "UnsupportedOperation of a type": (
        "GET", "/dids/cms/dids/search?type=bogus", None, InvalidRequest,
    ),
    "FilterEngineGenericError": (
        "GET", "/dids/cms/dids/search?type=all&filters=%5B%7B%22a.bogus%22%3A1%7D%5D", None,
        InvalidRequest,
    ),
    "a missing parameter": ("POST", "/dids/cms/{dataset}.x", {}, InvalidRequest),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_its_kind_and_none_of_rucios_words(world: World, name: str) -> None:
    method, path, body, kind = CASES[name]
    path = path.replace("{dataset}", world.dataset).replace("{box}", world.box)
    path = path.replace("{closed}", world.closed)

    with pytest.raises(PortalError) as refused:
        rest.ask(world.who, method, path, body=body(world) if callable(body) else body)

    assert type(refused.value) is kind
    assert refused.value.status < 500
    assert not [word for word in FOREIGN if word in refused.value.message]
    assert world.dataset not in refused.value.message


def test_a_token_that_rucio_never_saw_means_sign_in_again(world: World) -> None:
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    stranger = Credential(uuid.uuid4(), "root", "rucio", "not-a-token", earlier)

    with pytest.raises(CredentialExpired):
        rest.ask(stranger, "GET", "/accounts/whoami")
