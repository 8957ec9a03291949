"""Processes are started, found, stopped and outlived by nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from demo import process
from demo.stack import REPOSITORY

Eventually = Callable[[Callable[[], bool]], bool]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
#: Starts a child in a session of its own, which no signal to a group would reach.
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(600)\n"
)


def start(tmp_path: Path, command: list[str]) -> subprocess.Popen[bytes]:
    return process.start(
        command, log=tmp_path / "log", folder=tmp_path, variables={"A": "1"}, stop_signal=15
    )


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_process_sees_only_its_own_variables_and_harmless_ones(
    tmp_path: Path, monkeypatch: object
) -> None:
    os.environ["UNRELATED_SECRET"] = "x"

    started = start(tmp_path, [sys.executable, "-c", "import os; print(sorted(os.environ))"])

    started.wait(10)
    del os.environ["UNRELATED_SECRET"]
    output = (tmp_path / "log").read_text()
    assert "'A'" in output
    assert "UNRELATED_SECRET" not in output


def test_a_process_leads_its_own_session(tmp_path: Path) -> None:
    started = start(tmp_path, SLEEPER)

    assert os.getsid(started.pid) == started.pid
    process.stop(started.pid, stop_signal=15, patience=5, gone=lambda: started.poll() is not None)
    assert started.poll() == -signal.SIGTERM


def test_what_ignores_the_polite_signal_is_killed(tmp_path: Path, eventually: Eventually) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on'); time.sleep(99)"
    started = start(tmp_path, [sys.executable, "-c", stubborn])
    assert eventually(lambda: "on" in (tmp_path / "log").read_text())

    process.stop(started.pid, stop_signal=15, patience=0.3, gone=lambda: started.poll() is not None)

    assert started.poll() == -signal.SIGKILL


def test_descendants_are_found_over_several_generations(
    tmp_path: Path, eventually: Eventually
) -> None:
    started = start(tmp_path, [sys.executable, "-c", PARENT])
    assert eventually(lambda: (tmp_path / "log").read_text().strip().isdigit())
    grandchild = int((tmp_path / "log").read_text())

    found = process.descendants(os.getpid())

    assert {started.pid, grandchild} <= set(found)
    assert process.memory_mb(started.pid) > 1
    process.stop_all(lambda: [pid for pid in (grandchild, started.pid) if alive(pid)], patience=5)
    started.wait(5)


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path, eventually: Eventually) -> None:
    script = (
        "import os, time\n"
        "from pathlib import Path\n"
        "from demo import process\n"
        "from demo.supervisor import guard\n"
        "def run():\n"
        f"    folder = Path({str(tmp_path)!r})\n"
        f"    process.start([{sys.executable!r}, '-c', {PARENT!r}], log=folder / 'log',\n"
        "        folder=folder, variables={}, stop_signal=15)\n"
        "    (folder / 'supervisor').write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        "    return 0\n"
        "raise SystemExit(guard(run))\n"
    )
    guardian = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY)
    assert eventually(lambda: (tmp_path / "log").exists() and (tmp_path / "log").stat().st_size > 0)
    assert eventually((tmp_path / "supervisor").exists)
    grandchild = int((tmp_path / "log").read_text())

    os.kill(int((tmp_path / "supervisor").read_text()), signal.SIGKILL)

    assert guardian.wait(15) != 0
    assert not alive(grandchild)


def test_a_log_that_has_grown_is_put_aside_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as writer:
        writer.write(b"x" * (process.LOG_LIMIT + 1))
        writer.flush()

        process.rotate(log)
        writer.write(b"new\n")

    assert log.read_bytes() == b"new\n"
    assert (tmp_path / "a.log.1").stat().st_size == process.LOG_LIMIT + 1


def test_output_since_start_forgets_the_life_before(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_text("worker ready.\n")

    process.mark_start(log)

    assert "ready" not in process.output_since_start(log)
