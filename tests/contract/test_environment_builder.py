"""Who makes environments: the same cases in memory and by pip in its cage; then the cage itself."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from sessions import recipes
from sessions.backends.building import EnvironmentBuilder, Fetch, JobState, Look
from sessions.backends.local_builder import LocalBuilder
from sessions.builder import cage
from sessions.builder.order import BUILD_UID, MAKE, Order
from tests.fakes.builder import FakeBuilder
from tests.fakes.git import served
from vre_portal.config import Stage, get_config

#: Small, pure Python, and without needs of its own.
TINY = "tinydb==4.8.2"
SECONDS = 150.0
T = TypeVar("T")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "built"


@pytest.fixture
def local(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LocalBuilder]]:
    """The builder of the demo with a folder of its own, and settings as a case needs them."""

    def make(**settings: object) -> LocalBuilder:
        monkeypatch.setenv("VRE_BUILT_ENVIRONMENTS_FOLDER", str(folder))
        for name, value in settings.items():
            monkeypatch.setenv(f"VRE_{name.upper()}", str(value))
        get_config.cache_clear()
        return LocalBuilder()

    yield make
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture(params=["fake", "real"])
def builder(
    request: pytest.FixtureRequest, local: Callable[..., LocalBuilder]
) -> EnvironmentBuilder:
    return FakeBuilder() if request.param == "fake" else local()


def digest_of(builder: EnvironmentBuilder, text: str) -> tuple[str, tuple[str, ...]]:
    base = builder.base()
    recipe = recipes.read("requirements.txt", text, python=base.python)
    return recipe.digest(base.fingerprint), recipe.requirements


def waited(builder: EnvironmentBuilder, digest: str) -> Look:
    return until(lambda: builder.look(digest), lambda look: look.state is not JobState.RUNNING)


def until(read: Callable[[], T], over: Callable[[T], bool]) -> T:
    deadline = time.monotonic() + SECONDS
    while not over(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def test_a_list_is_made_once_and_taken_away(builder: EnvironmentBuilder) -> None:
    digest, requirements = digest_of(builder, TINY)
    before = builder.look(digest).state

    builder.start(digest, requirements)
    builder.start(digest, requirements)
    look = waited(builder, digest)
    builder.forget(digest)
    kept, made = builder.exists(digest), list(builder.made())
    again = builder.look(digest)
    builder.remove(digest)

    assert before is JobState.ABSENT
    assert (look.state, look.reason) == (JobState.DONE, "")
    assert "tinydb" in [package.name for package in look.packages]
    assert look.size_bytes > 0
    assert (kept, made, again.state) == (True, [digest], JobState.DONE)
    assert not builder.exists(digest)
    assert builder.look(digest).state is JobState.ABSENT


def test_a_cancelled_work_is_forgotten(builder: EnvironmentBuilder) -> None:
    digest, requirements = digest_of(builder, "scipy")
    if isinstance(builder, FakeBuilder):
        builder.by_itself = False
    builder.start(digest, requirements)

    builder.cancel(digest)
    look = waited(builder, digest)

    assert look.state is JobState.ABSENT
    assert not builder.exists(digest)


def test_an_absent_repository_is_told(builder: EnvironmentBuilder) -> None:
    key = f"fetch-{uuid.uuid4().hex}"

    builder.start_fetch(key, "http://127.0.0.1:9/nothing", "")

    found = fetched(builder, key)
    assert found.state is JobState.FAILED
    assert found.reason


def fetched(builder: EnvironmentBuilder, key: str) -> Fetch:
    return until(lambda: builder.fetched(key), lambda each: each.state is not JobState.RUNNING)


def test_what_is_made_has_its_own_packages_before_the_bases(
    local: Callable[..., LocalBuilder], folder: Path
) -> None:
    builder = local()
    digest, requirements = digest_of(builder, TINY)
    builder.start(digest, requirements)
    process = json.loads((folder / "jobs" / digest / "process.json").read_text())["pid"]
    os.kill(process, signal.SIGKILL)
    killed = waited(builder, digest).state
    half = builder.exists(digest)

    builder.start(digest, requirements)
    look = waited(builder, digest)

    home = folder / digest
    program = (
        "import numpy, sys, tinydb; print(sys.prefix, tinydb.__file__, numpy.__file__, sep='|')"
    )
    told = _run(str(home / "bin" / "python"), "-c", program).strip().split("|")
    version = _run(str(home / "bin" / "jupyter-lab"), "--version")
    owners = {path.lstat().st_uid for path in home.rglob("*")}
    assert (killed, half, look.state) == (JobState.ABSENT, False, JobState.DONE)
    assert told[:2] == [str(home), str(*home.glob("lib/python*/site-packages/tinydb/__init__.py"))]
    assert told[2].startswith(str(get_config().build_base))
    assert version.strip().count(".") >= 2
    assert owners == {os.geteuid()}
    assert not [path for path in folder.iterdir() if path.name.endswith((".part", ".gone"))]
    assert str(folder) not in look.log
    builder.remove(digest)


@pytest.mark.parametrize(
    ("text", "settings", "says"),
    [
        ("no-such-package-of-nobody==1", {}, "no-such-package-of-nobody==1 can't be installed"),
        ("jupyterlab==3.6.0", {}, "every session has jupyterlab=="),
        (TINY, {"build_bytes": 100_000}, "GiB"),
        (TINY, {"build_minutes": 0.01}, "took longer than 0.01 minutes"),
    ],
)
def test_a_failure_is_told_in_words_and_leaves_nothing(
    local: Callable[..., LocalBuilder],
    folder: Path,
    text: str,
    settings: dict[str, object],
    says: str,
) -> None:
    builder = local(**settings)
    digest, requirements = digest_of(builder, text)

    builder.start(digest, requirements)
    look = waited(builder, digest)
    builder.forget(digest)

    assert look.state is JobState.FAILED
    assert says in look.reason
    assert not builder.exists(digest)
    assert not (folder / f"{digest}.part").exists()
    assert not (folder / "jobs" / digest).exists()


def test_a_wheel_does_not_say_where_an_environments_python_is(
    local: Callable[..., LocalBuilder], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = folder.with_name("wheels")
    wheels.mkdir()
    beside = {"data/pyvenv.cfg": "home = /etc/ssl/private/bin\n", "data/beside.txt": "x"}
    wheel_with(wheels, "intruder", beside)
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    builder = local()
    digest, requirements = digest_of(builder, "intruder==1.0")

    builder.start(digest, requirements)
    order = folder / "jobs" / digest / "order.json"
    mode = stat.S_IMODE(order.stat().st_mode)
    look = waited(builder, digest)

    assert look.state is JobState.DONE, look
    written = (folder / digest / "pyvenv.cfg").read_text()
    assert "intruder" in [package.name for package in look.packages]
    assert (folder / digest / "beside.txt").exists()
    assert "/etc/ssl" not in written
    assert written.count("home = ") == 1
    assert mode == 0o600
    builder.remove(digest)


def wheel_with(folder: Path, name: str, files: dict[str, str]) -> None:
    """Write a wheel with these files in its data."""
    about = f"{name}-1.0.dist-info"
    content = {f"{name}-1.0.data/{path}": text for path, text in files.items()} | {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    listed = "".join(f"{path},,\n" for path in (*content, f"{about}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        for path, text in (content | {f"{about}/RECORD": listed}).items():
            wheel.writestr(path, text)


def test_a_folder_without_a_manifest_is_nothing(
    local: Callable[..., LocalBuilder], folder: Path
) -> None:
    digest = "0" * 64
    (folder / digest / "bin").mkdir(parents=True)

    builder = local()

    assert not builder.exists(digest)
    assert builder.look(digest).state is JobState.ABSENT
    builder.remove(digest)


def test_a_repository_is_read_at_its_commit(
    local: Callable[..., LocalBuilder], tmp_path: Path
) -> None:
    builder, keys = local(), [f"fetch-{uuid.uuid4().hex}" for _ in range(3)]
    files = {"binder/requirements.txt": TINY, "data.bin": "x", "setup.py": "y", "src/a.txt": "z"}

    with served(tmp_path / "repository", files) as repository:
        for key, ref in zip(keys, ("", repository.commit, "absent"), strict=True):
            builder.start_fetch(key, repository.url, ref)
        main, commit, absent = (fetched(builder, key) for key in keys)

    assert (main.state, main.commit) == (JobState.DONE, repository.commit)
    assert main.files == {"binder/requirements.txt": TINY, "setup.py": "y"}
    assert commit.commit == repository.commit
    assert (absent.state, absent.reason) == (
        JobState.FAILED, "The repository has no branch or tag 'absent'.",
    )  # fmt: skip


def test_in_production_no_address_of_the_site_is_fetched_from(
    local: Callable[..., LocalBuilder], tmp_path: Path
) -> None:
    builder, key = local(), f"fetch-{uuid.uuid4().hex}"
    builder._config = builder._config.model_copy(update={"environment": Stage.PRODUCTION})

    with served(tmp_path / "repository", {"requirements.txt": TINY}) as repository:
        builder.start_fetch(key, repository.url, "")
        found = fetched(builder, key)

    assert (found.state, found.reason) == (JobState.FAILED, "127.0.0.1 is not a public address.")


LOOK = """
import json, os, resource, sys
sys.path.insert(0, sys.argv[1])
from sessions.builder import cage
from sessions.builder.order import Limits
cage.lock(Limits())
def may(path, how=os.R_OK): return os.access(path, how)
print(json.dumps({"uid": os.geteuid(), "groups": os.getgroups(), "seen": os.listdir(sys.argv[2]),
  "state": may(sys.argv[3]), "work": may(".", os.W_OK), "base": may(sys.argv[4], os.W_OK),
  "environment": sorted(os.environ), "processes": [p for p in os.listdir("/proc") if p.isdigit()],
  "memory": resource.getrlimit(resource.RLIMIT_DATA)[0]}))
"""


def test_the_cage_shows_only_what_the_work_needs(tmp_path: Path) -> None:
    config = get_config()
    work, source = tmp_path / "work", Path(__file__).parents[2]
    assert config.build_base is not None
    cage.own(work)
    order = Order(
        kind=MAKE, work=str(work), finished="", python=sys.executable,
        bwrap=str(config.build_bwrap), base=str(config.build_base),
        visible=(str(config.build_base), sys.prefix, str(Path(sys.base_prefix)),
                 str(source / "sessions" / "builder"), str(source / "sessions" / "__init__.py")),
    )  # fmt: skip
    inside = [sys.executable, "-I", "-c", LOOK, str(source), str(source)]
    inside += [str(config.providers_file), str(config.build_base)]

    done = subprocess.run(
        cage.command(order, inside), cwd=work, env={"LANG": "C.UTF-8"}, capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip

    told = json.loads(done.stdout)
    assert told["uid"] == (BUILD_UID if os.geteuid() == 0 else os.geteuid())
    assert set(told["seen"]) <= {"sessions", ".demo", "demo"}
    assert (told["state"], told["work"], told["base"]) == (False, True, False)
    assert set(told["environment"]) <= {"LANG", "PWD", "LC_CTYPE"}
    assert len(told["processes"]) <= 2
    assert told["memory"] == 2 << 30


def _run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"HOME": "/tmp"}, timeout=120
    )
    return done.stdout.strip()
