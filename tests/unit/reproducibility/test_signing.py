"""Each run that ends with a verdict leaves one that is signed, and anybody can check it."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, Kind, Run, RunState, SignedVerdict
from reproducibility.services import signing, site_keys
from tests.fakes.workflows import FakeWorkflows, Killed
from tests.unit.reproducibility.conftest import RECORDED, finish, work
from vre_portal.config import get_config
from vre_portal.errors import NotFound


@pytest.fixture
def finished(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run that has ended with a verdict."""
    workflow_backend.runs_by_itself = True
    return finish(run)


@pytest.fixture
def verdict(finished: Run) -> SignedVerdict:
    """Its signed verdict."""
    return SignedVerdict.objects.get(run=finished)


def test_a_run_with_a_verdict_leaves_a_signed_one(finished: Run) -> None:
    signed = SignedVerdict.objects.get()

    assert signed.run == finished
    assert (signed.level, signed.environment, signed.inputs) == (
        "bit-identical", "substituted", "verified",
    )  # fmt: skip
    assert signing.holds(signed)


def test_the_statement_says_what_was_found(verdict: SignedVerdict, finished: Run) -> None:
    told = json.loads(verdict.statement)

    assert told["schema"] == "vre-verdict/1"
    assert told["verdict"] == str(verdict.pk)
    assert told["analysis"]["slug"] == "dimuon"
    assert told["version"]["content_sha256"] == finished.version.content_sha256
    assert told["environment"]["packages_sha256"] == "ab" * 32
    assert [entry["did"] for entry in told["inputs"]["files"]] == [
        "cms:muons_1.root", "cms:muons_2.root",
    ]  # fmt: skip
    assert {output["path"]: output["level"] for output in told["outputs"]} == dict.fromkeys(
        RECORDED, "bit-identical"
    )
    assert told["times"]["signed"].endswith("Z")


def test_the_statement_is_canonical(verdict: SignedVerdict) -> None:
    told = json.loads(verdict.statement)

    again = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert verdict.statement == again


def test_the_statement_names_no_person(verdict: SignedVerdict, alice: User) -> None:
    for name in (alice.handle, alice.display_name, str(alice.pk)):
        assert name not in verdict.statement


def test_a_level_stands_with_the_tolerance_that_it_was_found_with(finished: Run) -> None:
    tolerance = {"rtol": 1e-6, "atol": 0.0, "statistical": False, "ignore": []}
    assert finished.verdict
    finished.verdict["outputs"][0]["tolerance"] = tolerance
    SignedVerdict.objects.all().delete()

    signed = signing.sign(finished)

    assert signed
    outputs = json.loads(signed.statement)["outputs"]
    assert [output.get("tolerance") for output in outputs] == [tolerance, None]


def test_a_changed_statement_does_not_hold(verdict: SignedVerdict) -> None:
    verdict.statement = verdict.statement.replace("bit-identical", "different")

    assert not signing.holds(verdict)


def test_a_verdict_of_a_key_that_nobody_published_does_not_hold(verdict: SignedVerdict) -> None:
    verdict.key_id = "0" * 64

    assert not signing.holds(verdict)


def test_the_database_refuses_to_change_a_verdict(verdict: SignedVerdict) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        SignedVerdict.objects.filter(pk=verdict.pk).update(level="different")

    verdict.refresh_from_db()
    assert verdict.level == "bit-identical"


def test_a_variation_is_not_signed(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True

    run = finish(services.start_run(alice, analysis, parameters={"bins": 30}))

    assert run.kind == Kind.VARIATION
    assert run.state == RunState.FINISHED
    assert not SignedVerdict.objects.exists()


def test_where_nothing_was_compared_nothing_is_signed(
    run: Run, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    analysis.newest.outputs.all().delete()
    workflow_backend.runs_by_itself = True

    finish(run)

    assert run.state == RunState.FINISHED
    assert not SignedVerdict.objects.exists()


def test_a_run_that_failed_is_not_signed(run: Run, workflow_backend: FakeWorkflows) -> None:
    work(run)
    workflow_backend.fail_step(1, "no convergence")

    finish(run)

    assert not SignedVerdict.objects.exists()


def test_a_worker_killed_while_it_signs_leaves_one_verdict(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_backend.runs_by_itself = True
    killed: list[Run] = []
    sign = signing.sign

    def signed_and_killed(ended: Run) -> None:
        sign(ended)
        killed.append(ended)
        raise Killed

    monkeypatch.setattr(signing, "sign", signed_and_killed)
    with pytest.raises(Killed):
        finish(run)
    monkeypatch.setattr(signing, "sign", sign)
    assert not SignedVerdict.objects.exists()

    finish(run)

    assert killed
    assert run.state == RunState.FINISHED
    assert SignedVerdict.objects.filter(run=run).count() == 1


def test_where_signing_fails_the_run_has_not_ended(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workflow_backend.runs_by_itself = True
    work(run, turns=2)
    monkeypatch.setenv("VRE_SIGNING_KEY_FILE", str(tmp_path / "absent.pem"))
    get_config.cache_clear()

    work(run, turns=2)

    assert run.state == RunState.COMPARING
    assert not SignedVerdict.objects.exists()


def test_without_a_key_runs_end_unsigned(
    run: Run, workflow_backend: FakeWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_backend.runs_by_itself = True
    monkeypatch.delenv("VRE_SIGNING_KEY_FILE")
    get_config.cache_clear()

    finish(run)

    assert run.state == RunState.FINISHED
    assert not SignedVerdict.objects.exists()


def test_openssl_says_that_the_signature_is_good(
    verdict: SignedVerdict, browser: Client, client: Client, tmp_path: Path
) -> None:
    here = f"/verdicts/{verdict.pk}"
    for name, path in (
        ("statement.json", f"{here}/statement.json"),
        ("statement.sig", f"{here}/statement.sig"),
    ):
        (tmp_path / name).write_bytes(browser.get(path).content)
    key = client.get(f"/.well-known/vre-verdict-key.pem?kid={verdict.key_id}")
    (tmp_path / "key.pem").write_bytes(key.content)

    done = verify_with_openssl(tmp_path)

    assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully")


def test_openssl_refuses_another_statement(
    verdict: SignedVerdict, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "statement.json").write_text(verdict.statement + " ")
    (tmp_path / "statement.sig").write_bytes(b64decode(verdict.signature))
    (tmp_path / "key.pem").write_bytes(client.get("/.well-known/vre-verdict-key.pem").content)

    done = verify_with_openssl(tmp_path)

    assert done.returncode != 0


def verify_with_openssl(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command that the verdict's page gives."""
    command = (
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in statement.json"
        " -sigfile statement.sig"
    )
    return subprocess.run(
        command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


def test_strangers_read_the_keys(client: Client) -> None:
    told = client.get("/.well-known/vre-verdict-keys.json")

    (key,) = told.json()["keys"]
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    assert key["kid"] == site_keys.public_key().id
    assert "d" not in key
    assert told["Cache-Control"] == "public, max-age=3600"


def test_an_unknown_key_is_not_there(client: Client) -> None:
    answer = client.get("/.well-known/vre-verdict-key.pem?kid=unknown")

    assert answer.status_code == 404


def test_former_keys_stay_published_and_their_verdicts_hold(
    verdict: SignedVerdict, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.pub.pem", tmp_path / "new.pem"
    old.write_text(site_keys.public_key().pem)
    new.write_bytes(new_key())
    monkeypatch.setenv("VRE_SIGNING_KEY_FILE", str(new))
    monkeypatch.setenv("VRE_SIGNING_OLD_PUBLIC_KEY_FILES", str(old))
    get_config.cache_clear()

    kids = [key["kid"] for key in client.get("/.well-known/vre-verdict-keys.json").json()["keys"]]

    assert len(kids) == 2
    assert kids[1] == verdict.key_id
    assert signing.holds(verdict)


def new_key() -> bytes:
    """Return a private key as openssl makes one."""
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519"], capture_output=True, check=True
    )
    return made.stdout


def test_the_id_of_a_key_is_the_checksum_of_its_der(tmp_path: Path, client: Client) -> None:
    (tmp_path / "key.pem").write_bytes(client.get("/.well-known/vre-verdict-key.pem").content)

    made = subprocess.run(
        "openssl pkey -pubin -in key.pem -outform DER | sha256sum",
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert made.stdout.split()[0] == site_keys.public_key().id


def test_the_private_key_shows_nowhere() -> None:
    key = site_keys.signing_key()

    assert key
    assert "Ed25519PrivateKey" not in repr(key)


def test_a_verdict_is_seen_by_who_sees_the_analysis_or_made_the_run(
    verdict: SignedVerdict, alice: User, bob: User, analysis: Analysis
) -> None:
    assert signing.find_verdict(bob, verdict.pk) == verdict
    Analysis.objects.filter(pk=analysis.pk).update(published=False)

    assert signing.find_verdict(alice, verdict.pk) == verdict
    with pytest.raises(NotFound):
        signing.find_verdict(bob, verdict.pk)
