"""The certified provider of the browser tests: installed once, told to the portal by a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts import providers
from demo import certified
from demo.bootstrap import BuildError
from demo.node import component as node
from demo.ports import STRIDE
from demo.stack import PORT_OFFSETS, Stack

#: Stands in the place of npm: makes what an installation would make, and writes down each.
NPM = """#!/bin/sh
while [ "$1" != --prefix ]; do shift; done
[ -f "$2/package-lock.json" ] || exit 1
mkdir -p "$2/node_modules/thing" && echo made > "$2/node_modules/thing/here"
echo once >> "$2/installations"
"""
BROKEN = "#!/bin/sh\necho no such package\nexit 1\n"


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An npm that this machine has."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(NPM)
    program.chmod(0o700)
    monkeypatch.setattr(node, "machine_folder", lambda: program.parent)
    return program


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with what npm reads."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text('{"version": 1}')
    return folder


def test_what_npm_has_installed_is_not_installed_again(
    stack: Stack, npm: Path, source: Path
) -> None:
    first = node.install(stack, "thing", source, needed="thing/here")

    second = node.install(stack, "thing", source, needed="thing/here")

    assert first == second == stack.environments / "thing" / "node_modules" / "thing" / "here"
    assert (stack.environments / "thing" / "installations").read_text() == "once\n"


def test_a_changed_lock_file_is_installed_anew(stack: Stack, npm: Path, source: Path) -> None:
    node.install(stack, "thing", source, needed="thing/here")

    (source / "package-lock.json").write_text('{"version": 2}')
    node.install(stack, "thing", source, needed="thing/here")

    assert (stack.environments / "thing" / "installations").read_text() == "once\nonce\n"


def test_a_failed_installation_is_told_and_tried_again(
    stack: Stack, npm: Path, source: Path
) -> None:
    npm.write_text(BROKEN)

    with pytest.raises(BuildError, match="no such package"):
        node.install(stack, "thing", source, needed="thing/here")

    npm.write_text(NPM)
    assert node.install(stack, "thing", source, needed="thing/here").exists()


def test_npm_of_the_wheel_is_called_by_its_script(
    stack: Stack, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "machine_folder", lambda: None)
    program = node.folder(stack) / "node"
    program.parent.mkdir(parents=True)
    program.write_text(NPM)
    program.chmod(0o700)

    found = node.install(stack, "thing", source, needed="thing/here")

    assert found.exists()
    assert node.npm(stack)[1].endswith("lib/node_modules/npm/bin/npm-cli.js")


def test_the_portal_is_told_by_a_file_that_it_can_read(stack: Stack) -> None:
    file = certified.write_providers(stack)

    told = providers.read(file)["certified"]
    assert file.stat().st_mode & 0o077 == 0
    assert told.issuer == "http://127.0.0.1:9415"
    assert told.secret == certified.variables(stack, [])["PROVIDER_CLIENT_SECRET"]
    assert [rule.role for rule in told.roles] == ["member"]


def test_the_provider_knows_its_people_and_the_portal(stack: Stack) -> None:
    ada = {"sub": "1", "username": "ada", "password": "x", "name": "Ada", "email": "a@b.example"}

    told = certified.variables(stack, [ada])

    assert json.loads(told["PROVIDER_PEOPLE"]) == [ada]
    assert told["PROVIDER_PORTAL"] == stack.url("portal")


def test_its_port_is_no_other_listeners() -> None:
    assert max(PORT_OFFSETS.values()) < certified.PORT_OFFSET < STRIDE


def test_its_lock_file_names_no_place_to_fetch_from() -> None:
    locked = json.loads((certified.SOURCE / "package-lock.json").read_text())["packages"]

    packages = {name: one for name, one in locked.items() if name}
    assert packages["node_modules/oidc-provider"]["version"]
    assert all("resolved" not in one and "integrity" in one for one in packages.values())
