"""The demo's Rucio server and daemons: people act with their own tokens, and bytes really move.

The stack is the one whose state folder VRE_TEST_STACK names. Each test makes DIDs of its own.
"""

from __future__ import annotations

import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from accounts.handles import handles_for
from demo.people import PEOPLE
from demo.rucio.component import STORAGES
from demo.rucio.rest import Rest, RucioRefused, service
from demo.stack import Stack
from tests.signin import claims_of, exchange, running_stack, sign_in

LIMIT_BYTES = 10**12
DEADLINE_SECONDS = 90
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Member:
    """A person with an account in Rucio, and calls in their own name."""

    account: str
    rucio: Rest

    @property
    def scope(self) -> str:
        """The scope that the person owns."""
        return f"user.{self.account}"

    def place(self, name: str, storage: str) -> Path:
        """Return where a storage keeps a file of the person's scope."""
        path = f"/rses/{storage}/lfns2pfns?lfn={self.scope}:{name}"
        (pfn,) = self.rucio.call("GET", path).values()
        return Path(unquote(urlsplit(pfn).path))

    def dataset(self, *contents: bytes, storage: str = "CERN-DISK") -> str:
        """Upload files into a new dataset and return its name; the files add a number to it."""
        name = f"contract-{uuid.uuid4().hex[:12]}"
        dids = []
        for number, content in enumerate(contents):
            did = {"scope": self.scope, "name": f"{name}.{number}"}
            place = self.place(did["name"], storage)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            known = {"bytes": len(content), "adler32": f"{zlib.adler32(content):08x}"}
            self.rucio.call("POST", "/replicas", {"rse": storage, "files": [{**did, **known}]})
            dids.append(did)
        self.rucio.call("POST", f"/dids/{self.scope}/{name}", {"type": "DATASET", "dids": dids})
        return name

    def replicate(self, name: str, storage: str, *, account: str | None = None) -> str:
        """Ask for a copy of a dataset of the person's scope and return the rule."""
        wish = {
            "dids": [{"scope": self.scope, "name": name}],
            "account": account or self.account,
            "copies": 1,
            "rse_expression": storage,
            "grouping": "DATASET",
            "asynchronous": True,
        }
        (rule,) = self.rucio.call("POST", "/rules/", wish)
        return str(rule)

    def state_of(self, rule: str) -> str:
        """Return a rule's state, `GONE` when there is no such rule."""
        try:
            return str(self.rucio.call("GET", f"/rules/{rule}")["state"])
        except RucioRefused as refused:
            if refused.kind != "RuleNotFound":
                raise
            return "GONE"

    def cancel(self, rule: str) -> None:
        """End a rule now."""
        self.rucio.call("PUT", f"/rules/{rule}", {"options": {"lifetime": 0}})


def eventually(read: Callable[[], object], wanted: object) -> object:
    """Return what `read` gives as soon as it is the wanted value, or at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (seen := read()) != wanted and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return seen


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The running demo."""
    return running_stack()


@pytest.fixture(scope="module")
def researcher(stack: Stack) -> Member:
    """Somebody of one provider."""
    return member(stack, "researcher")


@pytest.fixture(scope="module")
def colleague(stack: Stack) -> Member:
    """Somebody of the other provider."""
    return member(stack, "colleague")


@pytest.fixture
def steward(stack: Stack) -> Iterator[Member]:
    """A data manager, at least while the test runs."""
    person = member(stack, "datamanager")
    attribute = f"/accounts/{person.account}/attr/data-manager"
    made = service(stack).ensure(attribute, {"key": "data-manager", "value": "true"})
    yield person
    if made:  # the portal gives it to data managers who have signed in
        service(stack).call("DELETE", attribute)


def member(stack: Stack, username: str) -> Member:
    """Provision a person as the portal does, and return them with their own exchanged token."""
    token = exchange(stack, sign_in(stack, username), "rucio")
    claims = claims_of(token)
    person = next(person for person in PEOPLE if person.username == username)
    account = next(handles_for(claims["iss"], claims["sub"], claims["preferred_username"]))
    root = service(stack)
    root.ensure(f"/accounts/{account}", {"type": "USER", "email": person.email})
    identity = {
        "identity": f"SUB={claims['sub']}, ISS={claims['iss']}",
        "authtype": "OIDC",
        "email": person.email,
        "default": True,
    }
    root.ensure(f"/accounts/{account}/identities", identity)
    root.ensure(f"/scopes/{account}/user.{account}", None)
    for storage in STORAGES:
        root.ensure(f"/accounts/{account}/limits/local/{storage}", {"bytes": LIMIT_BYTES})
    return Member(account, Rest(stack.url("rucio"), token))


@pytest.mark.parametrize("username", ["researcher", "colleague"])
def test_a_token_of_either_provider_is_its_own_account(stack: Stack, username: str) -> None:
    person = member(stack, username)

    answer = person.rucio.call("GET", "/accounts/whoami")

    assert answer["account"] == person.account
    assert answer["account"].startswith(username)


def test_a_token_for_another_service_is_refused(stack: Stack) -> None:
    token = exchange(stack, sign_in(stack, "researcher"), "reana")

    with pytest.raises(RucioRefused) as refused:
        Rest(stack.url("rucio"), token).call("GET", "/accounts/whoami")

    assert refused.value.kind == "CannotAuthenticate"
    assert refused.value.status == 401


def test_the_storages_tell_their_site_country_and_kind(researcher: Member) -> None:
    told = {name: researcher.rucio.call("GET", f"/rses/{name}/attr/") for name in STORAGES}

    assert {name: each["country"] for name, each in told.items()} == {
        "CERN-DISK": "Switzerland",
        "LAPP-DISK": "France",
        "PIC-DISK": "Spain",
        "CNAF-TAPE": "Italy",
    }
    assert told["CNAF-TAPE"]["type"] == "TAPE"
    assert told["PIC-DISK"]["site"] == "PIC"


@pytest.mark.parametrize("storage", ["LAPP-DISK", "CNAF-TAPE"])
def test_a_replicated_file_arrives_with_the_catalogues_adler32(
    researcher: Member, storage: str
) -> None:
    content = os.urandom(200_000)
    name = researcher.dataset(content, b"another")

    rule = researcher.replicate(name, storage)

    assert eventually(lambda: researcher.state_of(rule), "OK") == "OK"
    (file,) = (
        row
        for row in researcher.rucio.rows(f"/dids/{researcher.scope}/{name}/files")
        if row["name"] == f"{name}.0"
    )
    arrived = researcher.place(f"{name}.0", storage).read_bytes()
    assert f"{zlib.adler32(arrived):08x}" == file["adler32"]
    assert arrived == content
    assert researcher.rucio.call("GET", f"/rules/{rule}")["account"] == researcher.account


def test_a_file_on_tape_only_comes_back_to_disk(researcher: Member) -> None:
    name = researcher.dataset(b"from tape", storage="CNAF-TAPE")

    rule = researcher.replicate(name, "PIC-DISK")

    assert eventually(lambda: researcher.state_of(rule), "OK") == "OK"
    assert researcher.place(f"{name}.0", "PIC-DISK").read_bytes() == b"from tape"


def test_a_missing_source_ends_stuck_with_the_reason_and_recovers(researcher: Member) -> None:
    name = researcher.dataset(b"hidden")
    source = researcher.place(f"{name}.0", "CERN-DISK")
    source.unlink()

    rule = researcher.replicate(name, "LAPP-DISK")

    assert eventually(lambda: researcher.state_of(rule), "STUCK") == "STUCK"
    reason = researcher.rucio.call("GET", f"/rules/{rule}")["error"]
    assert f"[Errno 2] No such file or directory: {researcher.scope}:{name}.0" in reason
    assert "at CERN-DISK" in reason
    source.write_bytes(b"hidden")
    researcher.rucio.call("PUT", f"/rules/{rule}", {"options": {"boost_rule": True}})
    assert eventually(lambda: researcher.state_of(rule), "OK") == "OK"


def test_altered_bytes_never_become_a_replica(researcher: Member) -> None:
    name = researcher.dataset(b"as catalogued")
    researcher.place(f"{name}.0", "CERN-DISK").write_bytes(b"as cataloguEd")

    rule = researcher.replicate(name, "LAPP-DISK")

    assert eventually(lambda: researcher.state_of(rule), "STUCK") == "STUCK"
    assert "adler32" in researcher.rucio.call("GET", f"/rules/{rule}")["error"]
    folder = researcher.place(f"{name}.0", "LAPP-DISK").parent
    assert [path.name for path in folder.glob(f"{name}*")] == []


def test_the_owner_cancels_a_rule_and_its_bytes_go(researcher: Member) -> None:
    name = researcher.dataset(b"for a moment")
    rule = researcher.replicate(name, "PIC-DISK")
    assert eventually(lambda: researcher.state_of(rule), "OK") == "OK"
    copy = researcher.place(f"{name}.0", "PIC-DISK")
    assert copy.exists()

    researcher.cancel(rule)

    assert eventually(lambda: researcher.state_of(rule), "GONE") == "GONE"
    assert eventually(copy.exists, False) is False
    assert researcher.place(f"{name}.0", "CERN-DISK").read_bytes() == b"for a moment"


def test_another_persons_rule_can_be_neither_changed_nor_deleted(
    researcher: Member, colleague: Member
) -> None:
    rule = researcher.replicate(researcher.dataset(b"mine"), "LAPP-DISK")
    attempts = [
        ("PUT", {"options": {"lifetime": 0}}),
        ("PUT", {"options": {"comment": "yours"}}),
        ("DELETE", {"purge_replicas": True}),
    ]

    refusals = []
    for method, body in attempts:
        with pytest.raises(RucioRefused) as refused:
            colleague.rucio.call(method, f"/rules/{rule}", body)
        refusals.append(refused.value.kind)

    assert refusals == ["AccessDenied"] * 3
    assert researcher.rucio.call("GET", f"/rules/{rule}")["comments"] is None


def test_nobody_asks_in_anothers_name(researcher: Member, colleague: Member) -> None:
    name = researcher.dataset(b"mine")

    with pytest.raises(RucioRefused) as refused:
        researcher.replicate(name, "LAPP-DISK", account=colleague.account)

    assert refused.value.kind == "AccessDenied"


def test_the_owner_may_not_declare_a_rule_done(researcher: Member) -> None:
    rule = researcher.replicate(researcher.dataset(b"mine"), "LAPP-DISK")

    with pytest.raises(RucioRefused) as refused:
        researcher.rucio.call("PUT", f"/rules/{rule}", {"options": {"state": "STUCK"}})

    assert refused.value.kind == "AccessDenied"


def test_a_data_manager_ends_another_persons_rule(researcher: Member, steward: Member) -> None:
    rule = researcher.replicate(researcher.dataset(b"mine"), "LAPP-DISK")
    assert eventually(lambda: researcher.state_of(rule), "OK") == "OK"

    steward.cancel(rule)

    assert eventually(lambda: researcher.state_of(rule), "GONE") == "GONE"


def test_metadata_of_an_own_dataset_is_found_by_value(researcher: Member) -> None:
    name = researcher.dataset(b"described")
    run = int(uuid.uuid4().hex[:7], 16)

    body = {"meta": {"run": run, "instrument": "contract"}, "recursive": False}
    researcher.rucio.call("POST", f"/dids/{researcher.scope}/{name}/meta", body)

    query = f"type=dataset&name=*&filters=[%7B%22run.gte%22:{run}%7D,%7B%22run%22:{run}%7D]"
    rows = researcher.rucio.rows(f"/dids/{researcher.scope}/dids/search?{query}")
    assert name in set(rows)


def test_anothers_scope_can_be_read_and_not_written(researcher: Member, colleague: Member) -> None:
    name = researcher.dataset(b"readable")

    rows = list(colleague.rucio.rows(f"/dids/{researcher.scope}/{name}/files"))
    with pytest.raises(RucioRefused) as refused:
        colleague.rucio.call("POST", f"/dids/{researcher.scope}/x{name}", {"type": "DATASET"})

    assert [row["name"] for row in rows] == [f"{name}.0"]
    assert refused.value.kind == "AccessDenied"
