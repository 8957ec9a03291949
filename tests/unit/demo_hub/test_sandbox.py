"""The sandbox, tried on this machine by the best means that it offers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import sandbox
from demo.sandbox import Isolation, Limits, Means, Sandbox
from demo.stack import DEFAULT_STATE

ENVIRONMENT = Path(sys.prefix)
PYTHON = str(ENVIRONMENT / "bin" / "python")
UID = 28123


@pytest.fixture(scope="module")
def means() -> Means:
    return sandbox.probe(DEFAULT_STATE / "envs", python=Path(PYTHON))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sandbox.give(tmp_path / "own", UID)


def run(box: Sandbox, *argv: str, means: Means) -> subprocess.CompletedProcess[str]:
    """Run a program in the sandbox with no variables but PATH."""
    return subprocess.run(
        sandbox.command(box, argv, means=means),
        cwd=box.folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def box(folder: Path, **more: object) -> Sandbox:
    """Return a sandbox with this test's interpreter."""
    return Sandbox(folder, environments=(ENVIRONMENT,), uid=UID, **more)  # type: ignore[arg-type]


def test_this_machine_can_isolate_programs(means: Means) -> None:
    assert means.isolation is Isolation.SANDBOX, means.sentence


def test_a_program_writes_in_its_own_folder(folder: Path, means: Means) -> None:
    done = run(box(folder), "sh", "-c", "echo yes > made && id -u", means=means)

    assert (folder / "made").read_text() == "yes\n"
    assert int(done.stdout) == (UID if os.geteuid() == 0 else os.getuid())


def test_passwords_of_the_machine_are_out_of_sight(folder: Path, means: Means) -> None:
    done = run(box(folder), "cat", "/etc/shadow", means=means)

    assert done.returncode != 0
    assert done.stdout == ""


def test_other_folders_are_out_of_sight(folder: Path, tmp_path: Path, means: Means) -> None:
    (tmp_path / "secret").write_text("nobody else's")

    done = run(box(folder), "sh", "-c", f"ls {tmp_path}; cat {tmp_path}/secret", means=means)

    assert done.stdout.split() == ["own"]


def test_a_folder_given_to_read_cannot_be_written(
    folder: Path, tmp_path: Path, means: Means
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)
    (shared / "data").write_text("data")

    line = f"cat {shared}/data; touch {shared}/new"
    done = run(box(folder, read_only=(shared,)), "sh", "-c", line, means=means)

    assert done.stdout == "data"
    assert not (shared / "new").exists()


def test_the_environment_runs_and_cannot_be_changed(folder: Path, means: Means) -> None:
    line = f"import sys; print(sys.prefix); open({str(ENVIRONMENT / 'x')!r}, 'w')"

    done = run(box(folder), PYTHON, "-c", line, means=means)

    assert done.stdout.strip() == str(ENVIRONMENT)
    assert "Error" in done.stderr
    assert not (ENVIRONMENT / "x").exists()


def test_without_network_not_even_loopback_is_reached(
    folder: Path, means: Means, listener: int
) -> None:
    line = f"import socket; socket.create_connection(('127.0.0.1', {listener}), 5)"

    without = run(box(folder), PYTHON, "-c", line, means=means)
    within = run(box(folder, network=True), PYTHON, "-c", line, means=means)

    assert "refused" in without.stderr
    assert within.returncode == 0, within.stderr


def test_processes_are_limited(folder: Path, means: Means) -> None:
    line = "for n in $(seq 40); do sleep 30 & done; echo all"

    done = run(box(folder, limits=Limits(processes=10)), "sh", "-c", line, means=means)

    assert "all" not in done.stdout
    assert "fork" in done.stderr.lower()


def test_memory_and_file_size_are_limited(folder: Path, means: Means) -> None:
    limits = Limits(memory_bytes=256 << 20, file_bytes=1 << 20)

    memory = run(box(folder, limits=limits), PYTHON, "-c", "bytearray(1 << 30)", means=means)
    line = "import signal; signal.signal(25, signal.SIG_IGN); open('big', 'wb').write(b'x' << 21)"
    file = run(
        box(folder, limits=limits),
        PYTHON,
        "-c",
        line.replace("b'x' << 21", "bytes(1 << 21)"),
        means=means,
    )

    assert "MemoryError" in memory.stderr
    assert "File too large" in file.stderr


def test_processes_of_others_are_out_of_sight(folder: Path, means: Means) -> None:
    done = run(box(folder), "sh", "-c", f"ls -d /proc/{os.getpid()}/fd/0", means=means)

    assert done.returncode != 0


def test_a_user_has_a_name_in_the_sandbox(folder: Path, tmp_path: Path, means: Means) -> None:
    identity = sandbox.write_identity(tmp_path / "id", name="ann", uid=UID, home=folder)

    done = run(box(folder, identity=identity), "whoami", means=means)

    assert done.stdout.strip() == "ann"


def test_kill_all_ends_what_outlives_its_starter(folder: Path, means: Means) -> None:
    argv = sandbox.command(
        box(folder, outlives=True), ["sh", "-c", "sleep 300 & echo up; wait"], means=means
    )
    started = subprocess.Popen(
        argv, cwd=folder, env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"up\n"
    below = sandbox.descendants(started.pid)

    sandbox.kill_all(started.pid, signal.SIGKILL)
    started.wait(10)
    started.stdout.read()  # ends when the last holder of the pipe is gone
    started.stdout.close()

    assert below
    assert sandbox.descendants(started.pid) == []


def test_without_means_the_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    found = sandbox.probe(tmp_path)

    assert found.isolation is Isolation.NONE
    assert "NOT isolated" in found.sentence
    assert "bubblewrap is not installed" in found.sentence


@pytest.fixture
def listener() -> Iterator[int]:
    """A port on loopback which accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return
