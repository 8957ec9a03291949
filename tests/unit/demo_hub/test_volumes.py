"""Folders of projects: for their members, open to all of them, and linked in each home."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from demo.jupyterhub import volumes
from sessions.definitions import FileInvalid, Project, parse

CMS = Project("cms", "CMS", ("/escape/cms",), quota_gb=2)
FILE = """
volumes:
  home_quota_gb: 10
  projects:
    - {name: cms, title: CMS, groups: [/escape/cms], quota_gb: 2}
    - {name: km3net, groups: [km3net]}
environments:
  - {slug: light, title: Light, local: light}
"""


def test_members_have_their_projects_and_nobody_else(tmp_path: Path) -> None:
    known = parse(FILE).volumes

    assert [each.name for each in known.projects_of(["/escape", "/escape/cms"])] == ["cms"]
    assert known.projects_of(["/escape"]) == ()
    assert known.home_quota_gb == 10


@pytest.mark.parametrize(
    ("project", "says"),
    [
        ("{name: CMS, groups: [a]}", "a-z, 0-9 and -"),
        ("{name: cms}", "whose folder it is"),
        ("{name: cms, groups: [a], quota_gb: -1}", "number above 0"),
        ("{name: cms, group: [a], groups: [a]}", "did you mean 'groups'"),
    ],
)
def test_a_wrong_project_is_told_by_line_and_field(project: str, says: str) -> None:
    text = (
        f"volumes:\n  projects:\n    - {project}\nenvironments: [{{slug: a, title: A, local: a}}]"
    )

    with pytest.raises(FileInvalid) as refused:
        parse(text)

    assert says in str(refused.value)
    assert "line 3" in str(refused.value)


def test_two_projects_of_one_name_are_a_fault() -> None:
    twice = FILE.replace("name: km3net", "name: cms")

    with pytest.raises(FileInvalid, match="two projects 'cms'"):
        parse(twice)


def test_what_a_member_makes_is_open_to_the_others(tmp_path: Path) -> None:
    (folder,) = volumes.prepared(tmp_path / "projects", [CMS])
    before = os.umask(0o077)
    try:
        (folder.path / "notes.txt").write_text("ours")
        (folder.path / "plots").mkdir()
    finally:
        os.umask(before)

    assert (folder.path / "notes.txt").stat().st_mode & 0o666 == 0o666
    assert (folder.path / "plots").stat().st_mode & 0o777 == 0o777
    assert folder.quota_bytes == 2 << 30


def test_a_home_links_to_what_is_its_owners_and_to_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    folders = volumes.prepared(tmp_path / "projects", [CMS])
    volumes.link(home, folders, uid=os.getuid())
    assert (home / "projects" / "cms").readlink() == folders[0].path

    volumes.link(home, [], uid=os.getuid())

    assert list((home / "projects").iterdir()) == []
    assert folders[0].path.is_dir()


def test_a_file_of_ones_own_is_never_taken_for_a_link(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "projects").mkdir(parents=True)
    (home / "projects" / "cms").write_text("mine")

    volumes.link(home, volumes.prepared(tmp_path / "projects", [CMS]), uid=os.getuid())

    assert (home / "projects" / "cms").read_text() == "mine"


def test_nothing_is_followed_out_of_a_home(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to("target")
    (home / "projects").symlink_to(elsewhere)

    volumes.link(home, volumes.prepared(tmp_path / "projects", [CMS]), uid=os.getuid())

    assert [one.name for one in elsewhere.iterdir()] == ["link"]


def test_the_session_is_told_names_paths_and_quotas(tmp_path: Path) -> None:
    folders = volumes.prepared(tmp_path, [CMS])

    told = volumes.variables(folders, home_quota_gb=1)

    assert told["VRE_HOME_QUOTA_BYTES"] == str(1 << 30)
    assert json.loads(told["VRE_PROJECTS"]) == [
        {"name": "cms", "path": str(tmp_path / "cms"), "quota_bytes": 2 << 30}
    ]
