"""The download of one's data: whole by construction, one's own only, and without a secret."""

from __future__ import annotations

import json
import tracemalloc
import uuid
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from accounts import api_tokens, audit, exporting, suspension
from accounts.exporting import LEFT_OUT, OTHERS, SECRET, ways
from accounts.models import PendingLink, Result, TokenGrant, User
from accounts.sealing import seal
from activity.models import Event
from data_mgmt.models import ReplicaRequest
from reproducibility.models import Analysis, AnalysisFile, RecordedOutput, Run, RunOutput
from sessions.models import Session
from tests.factories import lend, make_identity, sign_in
from vre_portal.logs import client_address

pytestmark = pytest.mark.django_db
ISSUER = "https://escape.test/"


def exported(user: User) -> dict[str, bytes]:
    """Return the files of a person's ZIP."""
    with exporting.export(user) as packed, ZipFile(packed) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return {name: archive.read(name) for name in names}


def rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files.get(name, b"[]"))
    return found


def an_analysis(owner: User) -> Analysis:
    analysis = Analysis.objects.create(
        slug=f"dimuon-{uuid.uuid4().hex[:8]}",
        owner=owner,
        title="Dimuon",
        summary="s",
    )
    analysis.current = analysis.versions.create(
        number=1, specification="version: 0.9.0", content_sha256="0" * 64
    )
    analysis.save()
    AnalysisFile.objects.create(
        version=analysis.current, path="code/fit.py", content=b"print('fit')", sha256="1" * 64
    )
    RecordedOutput.objects.create(
        version=analysis.current, path="mass.json", content=b"{}", sha256="2" * 64, size=2
    )
    return analysis


def a_run(user: User, analysis: Analysis, number: int) -> Run:
    run = Run.objects.create(user=user, analysis=analysis, version=analysis.newest, number=number)
    RunOutput.objects.create(
        run=run, path="mass.json", content=b"of " + user.handle.encode(), sha256="3" * 64, size=9
    )
    return run


def test_every_model_is_exported_or_left_out_for_a_reason() -> None:
    labels = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    covered = {model._meta.label_lower for model in ways()}

    assert labels - covered - set(LEFT_OUT) == set()
    assert set(LEFT_OUT) <= labels
    assert {label for label, _field in OTHERS} <= labels


def test_every_field_that_is_left_out_is_there_to_be_left_out() -> None:
    fields = {field.name for model in ways() for field in model._meta.concrete_fields}

    assert set(SECRET) <= fields
    assert all([*LEFT_OUT.values(), *SECRET.values(), *OTHERS.values()])


@pytest.mark.parametrize(
    ("label", "way"),
    [
        ("reproducibility.runoutput", ["run__user"]),
        ("reproducibility.run", ["user"]),
        ("reproducibility.analysisfile", ["version__analysis__owner"]),
        ("accounts.audiencetoken", ["grant__identity__user"]),
        ("accounts.pendinglink", ["user"]),
    ],
)
def test_a_model_leads_to_its_person_over_any_number_of_steps(label: str, way: list[str]) -> None:
    assert ways()[apps.get_model(label)] == way


def test_all_of_a_person_is_there_with_the_contents(alice: User) -> None:
    analysis = an_analysis(alice)
    run = a_run(alice, analysis, 1)
    ReplicaRequest.objects.create(user=alice, did_scope="cms", did_name="dimuon", storage="LAPP")
    Session.objects.create(user=alice, environment="physics", name="mine")
    Event.objects.create(user=alice, verb="run.started", text="started")
    make_identity(alice, issuer=ISSUER)

    files = exported(alice)

    assert json.loads(files["profile.json"])["handle"] == alice.handle
    for name in (
        "accounts.identity", "accounts.tokengrant", "accounts.acceptance", "activity.event",
        "accounts.backendaccount", "data_mgmt.replicarequest", "interactive_sessions.session",
        "reproducibility.analysis", "reproducibility.run", "reproducibility.recordedoutput",
    ):  # fmt: skip
        assert rows(files, f"{name}.json"), name
    code = rows(files, "reproducibility.analysisfile.json")[0]
    assert files[code["content"]] == b"print('fit')"
    output = rows(files, "reproducibility.runoutput.json")[0]
    assert output["run_id"] == str(run.pk)
    assert files[output["content"]] == f"of {alice.handle}".encode()
    assert "README.txt" in files


def test_nothing_of_others_is_there(alice: User, bob: User) -> None:
    shared = an_analysis(alice)
    a_run(bob, shared, 1)
    mine = a_run(alice, shared, 2)
    make_identity(bob, issuer=ISSUER, subject="bob@escape")
    audit.record("sign-in.ok", actor=bob)

    files = exported(alice)

    assert [row["id"] for row in rows(files, "reproducibility.run.json")] == [str(mine.pk)]
    assert len(rows(files, "reproducibility.runoutput.json")) == 1
    everything = b"".join(files.values())
    for theirs in (bob.handle, str(bob.pk), "bob@escape"):
        assert theirs.encode() not in everything


def test_no_secret_is_there(alice: User, client: Client) -> None:
    identity = make_identity(alice, issuer=ISSUER)
    lend(identity, "rucio", "rucio-secret")
    made = api_tokens.make(alice, name="laptop", scopes=["read"], days=7)
    session = sign_in(client, alice)
    session.sid = "sid-at-the-provider"
    session.save()
    soon = timezone.now() + timedelta(minutes=5)
    PendingLink.objects.create(
        session_key="key-of-a-browser", user=alice, provider="escape", subject="s",
        sealed=seal("proof", bound_to="x"), expires_at=soon,
    )  # fmt: skip
    application = get_application_model().objects.create(
        client_id="a-satellite", client_type="public"
    )
    get_access_token_model().objects.create(
        user=alice, application=application, token="issued-here", expires=soon, scope="openid"
    )

    files = exported(alice)

    assert rows(files, "accounts.apitoken.json")[0]["name"] == "laptop"
    assert rows(files, "oauth2_provider.accesstoken.json")[0]["scope"] == "openid"
    grant = TokenGrant.objects.get()
    everything = b"".join(files.values())
    for secret in (
        made.secret, made.row.digest, session.session_key, "sid-at-the-provider",
        "key-of-a-browser", "issued-here", "refresh-0", "access-0", "rucio-secret", "proof",
        bytes(grant.refresh_token).decode(), alice.password,
    ):  # fmt: skip
        assert secret.encode() not in everything, secret


def test_what_was_done_to_the_account_is_told_without_the_operator(alice: User, bob: User) -> None:
    address = client_address.set("192.0.2.99")
    suspension.suspend(alice, reason="a stolen laptop", by=bob)
    client_address.reset(address)

    files = exported(alice)

    told = next(e for e in rows(files, "audit.json") if e["action"] == "account.suspended")
    assert told["detail"] == {"reason": "a stolen laptop"}
    assert told["actor_name"] == "an operator"
    everything = b"".join(files.values())
    for theirs in (bob.handle, str(bob.pk), "192.0.2.99"):
        assert theirs.encode() not in everything


def test_refused_sign_ins_of_ones_subject_are_told(alice: User, bob: User) -> None:
    make_identity(alice, issuer=ISSUER, subject="alice@escape")
    refused: dict[str, Any] = {"issuer": ISSUER, "result": Result.REFUSED}
    audit.record("sign-in.refused", subject="alice@escape", **refused)
    audit.record("sign-in.refused", subject="another@escape", **refused)
    # Somebody else was signed in at that browser: who, is not for Alice to know.
    audit.record("sign-in.refused", subject="alice@escape", actor=bob, **refused)

    told = rows(exported(alice), "audit.json")

    assert [(e["action"], e["subject"]) for e in told] == [("sign-in.refused", "alice@escape")]


def test_accounts_that_became_this_one_are_there(alice: User, bob: User) -> None:
    audit.record("sign-in.ok", actor=bob)
    User.objects.filter(pk=bob.pk).update(merged_into=alice, is_active=False)

    files = exported(alice)

    assert [row["handle"] for row in rows(files, "accounts.user.json")] == [bob.handle]
    assert rows(files, "audit.json")[0]["actor_name"] == bob.handle


def test_large_contents_are_not_gathered_in_memory(alice: User) -> None:
    run = a_run(alice, an_analysis(alice), 1)
    piece = 2 << 20
    for number in range(12):
        RunOutput.objects.create(
            run=run, path=f"{number}", content=bytes(piece), sha256="4" * 64, size=piece
        )
    tracemalloc.start()

    with exporting.export(alice) as packed:
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        names = ZipFile(packed).namelist()

    assert sum(name.startswith("files/reproducibility.runoutput/") for name in names) == 13
    # Hexadecimal on its way from the database, one content takes several times its size.
    assert peak < 8 * piece


def test_the_page_sends_it_and_records_it(browser: Client, alice: User) -> None:
    answer: Any = browser.post("/accounts/data/export/")

    assert answer["Content-Type"] == "application/zip"
    assert f"portal-{alice.handle}-" in answer["Content-Disposition"]
    with ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:
        assert "profile.json" in archive.namelist()
    assert browser.get("/accounts/data/export/").status_code == 405
    told = rows(exported(alice), "audit.json")
    assert [event["action"] for event in told] == ["account.exported"]


def test_strangers_get_no_export(client: Client) -> None:
    assert client.post("/accounts/data/export/").status_code == 401
