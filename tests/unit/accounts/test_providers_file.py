"""The file of providers: what it may say, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from accounts import providers
from accounts.site_files import SiteFileError
from vre_portal.config import get_config
from vre_portal.errors import UpstreamRefused

GOOD = {
    "slug": "escape",
    "name": "ESCAPE IAM",
    "issuer": "https://iam.example.org/",
    "client_id": "portal",
    "client_secret": "v3ry-s3cret",
}


def written(folder: Path, *entries: object) -> Path:
    file = folder / "providers.yaml"
    file.write_text(yaml.safe_dump(list(entries)))
    return file


def faults(folder: Path, *entries: object) -> list[str]:
    with pytest.raises(SiteFileError) as told:
        providers.read(written(folder, *entries))
    return str(told.value).splitlines()


def test_an_entry_with_what_is_needed_is_enough(tmp_path: Path) -> None:
    found = providers.read(written(tmp_path, GOOD))["escape"]

    assert found.issuer == "https://iam.example.org/"
    assert found.algorithms == ("RS256",)
    assert found.roles == ()
    assert "v3ry-s3cret" not in repr(found)


def test_providers_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, {**GOOD, "slug": "z"}, {**GOOD, "slug": "a"})

    assert list(providers.read(file)) == ["z", "a"]


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    entry = {k: v for k, v in GOOD.items() if k != "client_secret"}

    found = providers.read(written(tmp_path, {**entry, "client_secret_file": str(secret)}))

    assert found["escape"].secret == "from-a-file"


def test_a_secret_that_went_away_is_told_as_the_sites_fault(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-a-file")
    entry = {k: v for k, v in GOOD.items() if k != "client_secret"}
    found = providers.read(written(tmp_path, {**entry, "client_secret_file": str(secret)}))
    secret.unlink()

    with pytest.raises(UpstreamRefused, match="Tell the operators"):
        _ = found["escape"].secret


@pytest.mark.parametrize("entries", [[7], [{"slug": "a"}], [{"issuer": ["x"]}]])
def test_faults_of_the_file_are_told_by_its_reader_not_by_the_settings(
    tmp_path: Path, entries: list[object]
) -> None:
    config = get_config().model_copy(
        update={"providers_file": written(tmp_path, *entries), "hub_url": None}
    )

    assert config.form_targets == []


WRONG = {
    "an unknown key": ({"colour": "red"}, "colour"),
    "a slug with capitals": ({"slug": "ESCAPE"}, "slug"),
    "no name": ({"name": " "}, "name"),
    "plain http": ({"issuer": "http://iam.example.org/"}, "issuer"),
    "an issuer with a query": ({"issuer": "https://iam.example.org/?a=1"}, "issuer"),
    "an issuer with a fragment": ({"issuer": "https://iam.example.org/#a"}, "issuer"),
    "an issuer with a user": ({"issuer": "https://me@iam.example.org/"}, "issuer"),
    "an issuer that is no address": ({"issuer": "https://[::1"}, "entry"),
    "a symmetric algorithm": ({"algorithms": ["HS256"]}, "algorithms.0"),
    "no signature at all": ({"algorithms": ["none"]}, "algorithms.0"),
    "no algorithm": ({"algorithms": []}, "algorithms"),
    "scopes without openid": ({"scopes": ["profile"]}, "scopes"),
    "scopes as one text": ({"scopes": "openid profile"}, "scopes"),
    "a logo from elsewhere": ({"logo": "https://iam.example.org/logo.png"}, "logo"),
    "a hint that is no name": ({"hint_parameter": "idp hint"}, "hint_parameter"),
    "an unknown claim": ({"claims": {"phone": "tel"}}, "claims.phone"),
    "a claim that can't be required": ({"required_claims": ["groups"]}, "required_claims.0"),
    "roles as a mapping": ({"roles": {"/escape": "member"}}, "roles"),
    "an unknown role": ({"roles": [{"role": "root"}]}, "roles.0.role"),
    "an unknown condition": ({"roles": [{"role": "member", "mail": "x"}]}, "roles.0.mail"),
    "two secrets": ({"client_secret_file": "providers.yaml"}, "client_secret"),
    "a file that is not there": ({"client_secret_file": "nowhere"}, "client_secret_file"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_names_file_entry_and_field_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], field: str
) -> None:
    monkeypatch.chdir(tmp_path)

    told = faults(tmp_path, {**GOOD, **change})

    assert any(line.startswith("providers.yaml: entry 1 (") and field in line for line in told)
    assert "v3ry-s3cret" not in "".join(told)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path, {**GOOD, "colour": 1, "mfa": "perhaps"}, 7, {"slug": "b"})

    assert [line.partition(":")[2].split(",")[0].strip() for line in told[:3]] == [
        "entry 1 (escape)",
        "entry 1 (escape)",
        "entry 2",
    ]
    assert len(told) > 5


def test_a_slug_stands_once(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD, GOOD) == ["providers.yaml: entry 2, slug: escape is there twice"]


@pytest.mark.parametrize("text", ["slug: escape", "[", "7"])
def test_a_file_that_is_no_list_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "providers.yaml"
    file.write_text(text)

    with pytest.raises(SiteFileError, match=r"^providers\.yaml: "):
        providers.read(file)


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"^nowhere\.yaml: "):
        providers.read(tmp_path / "nowhere.yaml")
