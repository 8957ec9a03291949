"""Control groups of both interfaces, on folders that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.reana.engine import cgroups
from demo.reana.engine.cgroups import Cgroup


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the kernel's."""
    monkeypatch.setattr(cgroups, "ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(cgroups, "OWN", tmp_path / "own")
    (tmp_path / "own").write_text("")
    return tmp_path / "cgroup"


def kernel_folder(folder: Path, *names: str, **contents: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(contents.get(name.replace(".", "_"), ""))
    return folder


def test_a_group_of_the_unified_hierarchy_is_made_where_both_controllers_are_given(
    root: Path,
) -> None:
    (root.parent / "own").write_text("0::/user/service\n")
    kernel_folder(root / "user" / "service", "cgroup.subtree_control")
    kernel_folder(
        root / "user", "cgroup.subtree_control", cgroup_subtree_control="cpu memory pids\n"
    )
    kernel_folder(root / "user" / "run", "memory.max", "pids.max")

    group = cgroups.make("run", memory_bytes=1 << 20, processes=7)

    assert group is not None
    assert (root / "user" / "run" / "memory.max").read_text() == str(1 << 20)
    assert (root / "user" / "run" / "pids.max").read_text() == "7"


def test_a_group_of_separate_hierarchies_is_made_in_both(root: Path) -> None:
    (root.parent / "own").write_text("4:memory:/a\n8:pids:/b\n0::/\n")
    for name, own, limit in (
        ("memory", "a", "memory.limit_in_bytes"),
        ("pids", "b", "pids.max"),
    ):
        kernel_folder(root / name / own, "cgroup.procs")
        kernel_folder(root / name / own / "run", limit)

    group = cgroups.make("run", memory_bytes=1 << 20, processes=7)

    assert group == Cgroup((root / "memory" / "a" / "run", root / "pids" / "b" / "run"))
    assert (root / "memory" / "a" / "run" / "memory.limit_in_bytes").read_text() == str(1 << 20)


def test_no_group_is_made_where_a_controller_is_missing(root: Path) -> None:
    (root.parent / "own").write_text("0::/\n")
    kernel_folder(root, "cgroup.subtree_control", cgroup_subtree_control="memory\n")

    assert cgroups.make("run", memory_bytes=1, processes=1) is None


@pytest.mark.parametrize("name", ["memory.events", "memory.oom_control"])
def test_what_the_kernel_ended_for_want_of_memory_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("low 0\noom_kill 2\n")

    assert Cgroup((tmp_path,)).ran_out_of_memory()


def test_a_group_without_such_counts_ran_out_of_nothing(tmp_path: Path) -> None:
    group = Cgroup((tmp_path,))

    assert not group.ran_out_of_memory()
    assert not group.hit_process_limit()
