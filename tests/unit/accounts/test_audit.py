"""The audit log: it only grows, it answers what an incident asks, and operators read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, OperationalError, ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import api_tokens, audit, deletion, suspension
from accounts.models import AuditEvent, Identity, Result, User
from accounts.roles import MFA
from tests.factories import make_user, sign_in
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest
from vre_portal.logs import client_address

pytestmark = pytest.mark.django_db
ISSUER = "https://escape.test/"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
REFUSALS = (InternalError, OperationalError, ProgrammingError)


@contextmanager
def coming_from(address: str) -> Iterator[None]:
    """Let what is recorded come from an address."""
    before = client_address.set(address)
    try:
        yield
    finally:
        client_address.reset(before)


@contextmanager
def retention() -> Iterator[None]:
    """Let the log be changed, which no code of the portal does, to set a scene."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditevent DISABLE TRIGGER audit_is_append_only")
        yield
        cursor.execute("ALTER TABLE accounts_auditevent ENABLE TRIGGER audit_is_append_only")


def happened(at: datetime) -> None:
    """Move the newest entry to another time."""
    newest = AuditEvent.objects.first()
    assert newest is not None
    with retention():
        AuditEvent.objects.filter(pk=newest.pk).update(at=at)


def asked(*arguments: str) -> list[str]:
    """Return the lines of the command's answer."""
    out = StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def operator(alice: User) -> Client:
    """The browser of an operator."""
    alice.roles = ["member", "operator"]
    alice.save()
    client = Client()
    session = sign_in(client, alice)
    session.acr = MFA
    session.save()
    return client


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET action = 'nothing.happened'",
        "DELETE FROM accounts_auditevent",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(statement: str) -> None:
    audit.record("sign-in.ok")

    with (
        pytest.raises(REFUSALS, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert AuditEvent.objects.get().action == "sign-in.ok"


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_to_empty_the_log() -> None:
    # The tests' own database has this one off, to empty itself; the refusal undoes this.
    on = "ALTER TABLE accounts_auditevent ENABLE TRIGGER audit_is_not_truncated"

    with (
        pytest.raises(REFUSALS, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{on}; TRUNCATE accounts_auditevent")


def test_only_what_was_kept_for_long_enough_is_forgotten() -> None:
    audit.record("sign-in.ok", issuer=ISSUER, subject="old")
    happened(timezone.now() - timedelta(days=get_config().audit_days, hours=1))
    audit.record("sign-in.ok", issuer=ISSUER, subject="young")
    out = StringIO()

    call_command("forget_audit", stdout=out)

    assert "1 entries removed" in out.getvalue()
    assert list(AuditEvent.objects.values_list("action", "subject")) == [
        ("audit.forgotten", ""),
        ("sign-in.ok", "young"),
    ]


@pytest.mark.parametrize("days", ["0", "-1", "10"])
def test_nothing_is_forgotten_before_its_time(days: str) -> None:
    audit.record("sign-in.ok")

    with pytest.raises(CommandError, match="VRE_AUDIT_DAYS"):
        call_command("forget_audit", "--older-than", days)

    assert AuditEvent.objects.filter(action="sign-in.ok").exists()


def test_the_permission_to_forget_ends_with_its_transaction() -> None:
    audit.record("sign-in.ok")
    with pytest.raises(InvalidRequest):
        audit.forget(older_than=timedelta(days=1))

    with pytest.raises(REFUSALS), transaction.atomic():
        AuditEvent.objects.all().delete()


@pytest.fixture
def incident(alice: User, bob: User) -> Identity:
    """Alice's subject over an afternoon, among others; what else happened before and after."""
    identity = Identity.objects.create(
        user=alice, provider="escape", issuer=ISSUER, subject="alice@escape"
    )
    story: list[tuple[int, str, str, dict[str, Any]]] = [
        (-2, "192.0.2.7", "sign-in.ok", {"actor": alice, "identity": identity}),
        (1, "192.0.2.7", "token.made", {"actor": alice, "about": ("token", "t-1")}),
        (2, "203.0.113.9", "run.started", {"actor": alice, "about": ("run", "r-1")}),
        (3, "192.0.2.7", "session.launched", {"actor": bob, "about": ("session", "s-1")}),
        (4, "198.51.100.1", "sign-in.refused",
         {"issuer": ISSUER, "subject": "alice@escape", "result": Result.REFUSED}),
        (5, "198.51.100.1", "sign-in.refused",
         {"actor": bob, "issuer": ISSUER, "subject": "alice@escape", "result": Result.REFUSED}),
        (6, "", "account.suspended", {"actor": bob, "about": ("account", alice.handle)}),
        (30, "192.0.2.7", "sign-out.ok", {"actor": alice}),
    ]  # fmt: skip
    for hour, address, action, told in story:
        with coming_from(address):
            audit.record(action, **told)
        happened(NOON + timedelta(hours=hour))
    return identity


def test_who_a_subject_was_is_one_command(incident: Identity, alice: User, bob: User) -> None:
    lines = asked(
        "--subject", "alice@escape", "--from", "2026-11-20T12:00", "--to", "2026-11-21T12:00"
    )

    assert lines[0] == f"alice@escape at {ISSUER} is {alice.handle}: Alice (may act)"
    shown = [line.split()[2:6] for line in lines[1:-1]]
    assert shown == [
        ["192.0.2.7", alice.handle, "token.made", "ok"],
        ["203.0.113.9", alice.handle, "run.started", "ok"],
        ["198.51.100.1", "-", "sign-in.refused", "refused"],
        ["198.51.100.1", bob.handle, "sign-in.refused", "refused"],
        ["-", bob.handle, "account.suspended", "ok"],
    ]
    assert lines[1].startswith("2026-11-20 13:00:00Z")
    assert "object=run:r-1" in lines[2]
    assert lines[-1] == "entries: 5"


def test_what_came_from_an_address_is_one_command(incident: Identity, alice: User) -> None:
    lines = asked("--address", "192.0.2.7", "--from", "2026-11-20T12:00Z", "--json")

    entries = [json.loads(line) for line in lines]
    assert [entry["action"] for entry in entries] == [
        "token.made",
        "session.launched",
        "sign-out.ok",
    ]
    assert entries[0]["person"] == alice.handle
    assert entries[0]["at"] == "2026-11-20T13:00:00+00:00"


def test_subject_and_address_narrow_each_other(incident: Identity) -> None:
    lines = asked("--subject", "alice@escape", "--address", "203.0.113.9", "--format", "csv")

    assert [line.split(",")[1] for line in lines] == ["action", "run.started"]


def test_a_subject_is_found_after_the_account_is_gone(incident: Identity, alice: User) -> None:
    handle = alice.handle
    deletion.delete(alice)

    lines = asked("--subject", "alice@escape", "--issuer", ISSUER)

    assert any("token.made" in line and handle in line for line in lines)
    assert any("account.deleted" in line for line in lines)
    assert not any(" is " in line for line in lines)


def test_another_issuers_subject_is_somebody_else(incident: Identity) -> None:
    assert asked("--subject", "alice@escape", "--issuer", "https://other.test/") == ["entries: 0"]


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--address", "192.0.2.300", "no IP address"),
        ("--address", "example.org", "no IP address"),
        ("--from", "yesterday", "no time"),
        ("--to", "2026-13-01", "no time"),
    ],
)
def test_a_question_that_is_none_says_so(option: str, value: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        asked(option, value)


def test_a_refused_token_is_written_down_with_its_owner(alice: User) -> None:
    made = api_tokens.make(alice, name="laptop", scopes=["read"], days=7)
    api_tokens.revoke(alice, str(made.row.pk))

    with coming_from("192.0.2.7"):
        audit.token_refused(made.secret)

    event = AuditEvent.objects.get(action="token.refused")
    assert (event.actor, event.address) == (alice.pk, "192.0.2.7")
    assert (event.object_id, event.result) == (str(made.row.pk), Result.REFUSED)
    assert made.secret not in json.dumps(audit.columns(event))


def test_an_unknown_token_is_written_down_by_a_part_of_its_hash() -> None:
    audit.token_refused("vre_guessed")

    event = AuditEvent.objects.get()
    assert event.actor is None
    assert len(event.detail["sha256"]) == 16


def test_the_same_refusal_is_written_once_a_minute() -> None:
    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        with coming_from(address):
            audit.token_refused("vre_guessed")

    told = AuditEvent.objects.order_by("address").values_list("address", flat=True)
    assert list(told) == ["192.0.2.7", "192.0.2.8"]


def test_the_page_shows_who_did_what_and_narrows(
    operator: Client, incident: Identity, bob: User
) -> None:
    everything = operator.get("/accounts/audit/").content.decode()
    theirs = operator.get("/accounts/audit/", {"person": bob.handle, "action": "session"})

    assert "run.started" in everything
    assert "alice@escape" in everything
    assert "session.launched" in theirs.content.decode()
    assert "account.suspended" not in theirs.content.decode()


def test_the_export_holds_what_was_asked_and_is_recorded(
    operator: Client, incident: Identity, bob: User
) -> None:
    asked_for = {"subject": "alice@escape", "action": "run", "format": "ndjson"}

    answer: Any = operator.post("/accounts/audit/export/", asked_for)

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["run.started"]
    assert AuditEvent.objects.filter(action="audit.exported").exists()


def test_a_spreadsheet_takes_no_entry_for_a_formula(operator: Client) -> None:
    audit.record("sign-in.refused", issuer=ISSUER, subject="=HYPERLINK(1)")

    answer: Any = operator.post("/accounts/audit/export/", {"action": "sign-in", "format": "csv"})

    assert "'=HYPERLINK(1)" in b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize("path", ["/accounts/audit/", "/accounts/audit/export/"])
def test_a_wrong_question_is_answered_with_its_fault_and_no_entry(
    operator: Client, path: str
) -> None:
    audit.record("sign-in.ok", issuer=ISSUER, subject="somebody")
    ask = operator.post if path.endswith("export/") else operator.get

    answer = ask(path, {"address": "nowhere"})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "valid IPv4 or IPv6 address" in page
    assert "somebody" not in page


def test_the_log_does_not_exist_for_others(browser: Client, bob: User) -> None:
    assert browser.get("/accounts/audit/").status_code == 404
    assert browser.post("/accounts/audit/export/").status_code == 404


def test_the_command_of_an_operator_is_recorded(bob: User) -> None:
    suspension.suspend(bob, reason="a stolen laptop")

    event = AuditEvent.objects.get(action="account.suspended")
    assert (event.object_kind, event.object_id) == ("account", bob.handle)
    assert event.detail == {"reason": "a stolen laptop"}


def test_an_account_without_identities_leaves_an_entry() -> None:
    nobody = make_user("nobody")

    deletion.delete(nobody)

    assert AuditEvent.objects.get(action="account.deleted").object_id == nobody.handle
