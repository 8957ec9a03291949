"""The file of satellites: what it may say, and how its faults are told at the start."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts import satellites
from accounts.site_files import SiteFileError
from tests.fakes.issuer_requests import OTHER_SECRET
from tests.satellites import CLI, HUB, SECRET


def written(folder: Path, *entries: object) -> Path:
    file = folder / "satellites.json"
    file.write_text(json.dumps(entries))
    return file


def faults(folder: Path, *entries: object) -> list[str]:
    with pytest.raises(SiteFileError) as told:
        satellites.read(written(folder, *entries))
    return str(told.value).splitlines()


def test_an_entry_with_what_is_needed_is_enough(tmp_path: Path) -> None:
    found = satellites.read(written(tmp_path, HUB, CLI))

    assert list(found) == ["hub", "cli"]
    assert found["hub"].name == "hub"
    assert found["hub"].scopes == ("openid", "profile")
    assert found["cli"].secrets == ()
    assert SECRET not in repr(found)


def test_secrets_may_be_in_files_of_their_own(tmp_path: Path) -> None:
    now, before = tmp_path / "now", tmp_path / "before"
    now.write_text(f"{SECRET}\n")
    before.write_text(f"{OTHER_SECRET}\n")
    entry = {name: value for name, value in HUB.items() if name != "client_secret"}
    entry |= {"client_secret_file": str(now), "former_client_secret_file": str(before)}

    found = satellites.read(written(tmp_path, entry))

    assert found["hub"].secrets == (SECRET, OTHER_SECRET)


WRONG = {
    "an unknown key": ({"colour": "red"}, "colour"),
    "no client id": ({"client_id": ""}, "client_id"),
    "a short secret": ({"client_secret": "secret"}, "client_secret"),
    "two secrets": ({"client_secret_file": "satellites.json"}, "client_secret"),
    "a file that is not there": ({"client_secret_file": "nowhere"}, "client_secret_file"),
    "an unknown grant": ({"grant": "password"}, "grant"),
    "no redirect": ({"redirect_uris": []}, "redirect_uris"),
    "a redirect for a device": ({"grant": "device"}, "redirect_uris"),
    "redirects as one text": ({"redirect_uris": "https://hub.example/"}, "redirect_uris"),
    "no scope": ({"scopes": []}, "scopes"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_names_file_entry_and_field_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object], field: str
) -> None:
    monkeypatch.chdir(tmp_path)

    told = faults(tmp_path, {**HUB, **change})

    assert any(line.startswith("satellites.json: entry 1") and field in line for line in told)
    assert SECRET not in "".join(told)


def test_a_client_stands_once(tmp_path: Path) -> None:
    told = faults(tmp_path, HUB, HUB)

    assert told == ["satellites.json: entry 2, client_id: hub is there twice"]


@pytest.mark.parametrize("text", ['{"client_id": "hub"}', "[", "7"])
def test_a_file_that_is_no_list_is_told_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "satellites.json"
    file.write_text(text)

    with pytest.raises(SiteFileError, match=r"^satellites\.json: "):
        satellites.read(file)


def test_an_emptied_secret_file_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "now"
    file.write_text(SECRET)
    entry = {name: value for name, value in HUB.items() if name != "client_secret"}
    found = satellites.read(written(tmp_path, {**entry, "client_secret_file": str(file)}))
    monkeypatch.setattr(satellites, "entries", lambda: found)
    assert satellites.knows("hub", SECRET)

    for left in ("", "\n", "short"):
        file.write_text(left)
        assert not satellites.knows("hub", left.strip())
