"""Files that mean harm harm nothing: what a worker does and says, tried from inside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reproducibility.compare import Level, OutputVerdict, believed
from reproducibility.compare.caged import Cost
from tests.fakes.previews import REPOSITORY, previews_python
from tests.unit.reproducibility.compare.conftest import Compared

MUTANTS = REPOSITORY / "tests" / "fakes" / "compare_mutants.py"
#: A worker whose module for texts is what a test says: as if a file had taken it over.
TAKEN_OVER = """#!{shell}
exec '{python}' -I -B -c '
import sys; sys.path.insert(0, sys.argv[1])
import types
from reproducibility.compare import worker
module = types.ModuleType("reproducibility.compare.text")
module.LATER = ()
exec(open("{code}").read(), module.__dict__)
sys.modules["reproducibility.compare.text"] = module
worker.main(*map(int, sys.argv[2:]))' "$5" "$6" "$7" "$8"
"""
BEGIN = "def compare(recorded, found, tally):\n    "
Taken = Callable[..., OutputVerdict]


@pytest.fixture
def taken(tmp_path: Path, compared: Compared) -> Taken:
    """Compare two texts with a worker that runs some code in place of a format."""

    def compare(code: str, cost: Cost | None = None) -> OutputVerdict:
        (tmp_path / "code.py").write_text(textwrap.dedent(code))
        script = tmp_path / "python"
        script.write_text(
            TAKEN_OVER.format(shell="/bin/sh", python=previews_python(), code=tmp_path / "code.py")
        )
        script.chmod(0o755)
        return compared("a.txt", b"recorded\n", b"found\n", python=script, cost=cost)

    return compare


def test_it_reads_two_files_and_reaches_nothing_else(
    taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_SECRET_OF_A_TEST", "s3cret")
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    verdict = taken(
        f"""
        import os, socket, signal
        def tried(what):
            try:
                return "did it: " + repr(what())
            except BaseException as exc:
                return type(exc).__name__
        def compare(recorded, found, tally):
            parent = os.getppid()
            attempts = {{
                "file": lambda: open("/etc/passwd").read(),
                "its file again": lambda: open("/proc/self/fd/5", "r+b"),
                "its file written": lambda: os.write(recorded._reader._descriptor, b"x"),
                "its file cut": lambda: os.ftruncate(found._reader._descriptor, 0),
                "write": lambda: open("/tmp/compare-was-here", "w"),
                "portal's environment": lambda: open(f"/proc/{{parent}}/environ").read(),
                "socket": lambda: socket.create_connection(("127.0.0.1", {port})),
                "fork": os.fork,
                "exec": lambda: os.execv("/bin/true", ["true"]),
                "kill": lambda: os.kill(parent, signal.SIGTERM),
            }}
            for name, what in attempts.items():
                tally.told(name, "value", tried(what))
            tally.told("environment", "value", ",".join(sorted(os.environ)))
            tally.told("uid", "value", os.getuid())
            tally.told("read", "value", recorded.read_at(0, 9), found.read_at(0, 9))
        """
    )

    assert verdict.comparison is not None
    told = {each.where: each.recorded for each in verdict.comparison.differences}
    assert told.pop("read") == "recorded\n"
    uid, environment = told.pop("uid"), told.pop("environment")
    assert not [name for name, outcome in told.items() if outcome.startswith("did it")], told
    assert "VRE_" not in environment
    assert uid == str(65534 if os.geteuid() == 0 else os.getuid())
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.accept()
    listening.close()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param("held = [bytearray(1 << 26) for _ in range(99)]", "more memory", id="memory"),
        pytest.param("\n    while True: pass", "took too long", id="time"),
        pytest.param("import time; time.sleep(60)", "took too long", id="sleep"),
        pytest.param("import ctypes; ctypes.string_at(0)", "broke off", id="crash"),
        pytest.param("import os; os._exit(0)", "broke off", id="silence"),
        pytest.param("return compare(recorded, found, tally)", "nested too deeply", id="recursion"),
        pytest.param("raise KeyError('<b>secret</b>')", "it is damaged", id="error"),
        pytest.param("tally.outcome = lambda: ('perfect', 'x', tally)", "it is damaged", id="no"),
    ],
)
def test_each_way_to_fail_is_different_with_its_own_words(
    taken: Taken, code: str, says: str
) -> None:
    begun = time.monotonic()

    verdict = taken(BEGIN + code, Cost(least_seconds=2, memory_bytes=1 << 29))

    assert verdict.level is Level.DIFFERENT
    assert says in verdict.detail
    assert "secret" not in verdict.detail
    assert time.monotonic() - begun < 20


GOOD = {
    "level": "different", "detail": "Something differs.",
    "comparison": {
        "format": "text", "compared": 1, "differing": 1, "beyond": 1, "largest_absolute": None,
        "largest_relative": None, "tests": [], "ignored": [],
        "differences": [{"where": "x", "kind": "value", "recorded": "1", "found": "2",
                         "absolute": 1.0, "relative": 0.5}],
        "figures": [{"where": "x", "kind": "histogram", "edges": [0, 1, 2], "recorded": [1, 2],
                     "found": [2, 1], "sampled": False}],
    },
}  # fmt: skip


def test_what_makes_sense_is_believed() -> None:
    told = believed.told(GOOD)

    assert (told.level, told.comparison.figures[0].where) == (Level.DIFFERENT, "x")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("level",), "bit-identical"),
        (("level",), "missing"),
        (("detail",), ""),
        (("detail",), "x" * 5000),
        (("more",), 1),
        (("comparison",), None),
        (("comparison", "format"), "x" * 99),
        (("comparison", "differences", 0, "where"), "x" * 999),
        (("comparison", "differences", 0, "absolute"), float("nan")),
        (("comparison", "differences", 0, "kind"), "miracle"),
        (("comparison", "differences"), GOOD["comparison"]["differences"] * 21),  # type: ignore[index]
        (("comparison", "figures", 0, "edges"), [0, 1]),
        (("comparison", "figures", 0, "edges"), [0, 1, float("inf")]),
        (("comparison", "figures", 0), {"kind": "image", "where": "x", "png": "PHN2Zz4=",
                                        "width": 9, "height": 9}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_believed(place: tuple[str | int, ...], value: object) -> None:
    said = json.loads(json.dumps(GOOD))
    inner = said
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    with pytest.raises(ValueError):  # noqa: PT011 - of this kind, in whatever words
        believed.told(said)


def test_what_hides_in_a_text_is_shown_as_a_hole(compared: Compared) -> None:
    verdict = compared("a.txt", b"safe\n", "\u202egnp.exe\x1b[31m\n".encode())

    assert "\u202e" not in verdict.detail
    assert "\x1b" not in verdict.detail
    assert "\N{REPLACEMENT CHARACTER}gnp.exe" in verdict.detail


def test_broken_and_hostile_files_of_each_format_get_an_answer(variants: Path) -> None:
    done = subprocess.run(
        [str(previews_python()), str(MUTANTS), str(REPOSITORY), str(variants / "recorded")],
        env={"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=500,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    died = [line for line in lines if "died" in line]
    assert len(lines) > 1200
    assert len({line["format"] for line in lines}) == 12
    # HDF5 itself goes in circles over some files: the kernel ends it when its time is over.
    assert {(line["format"], line["died"]) for line in died} <= {("hdf5", 24)}
    assert len(died) <= 2
    for line in lines:
        answer = line.get("answer", {"failed": "time"})
        told = json.dumps(answer)
        assert "ModuleNotFoundError" not in told, line["name"]
        assert len(told) < 200_000, line["name"]
        if "level" in answer:
            believed.told(answer)
        else:
            assert answer["failed"] in {"broken", "memory", "too_much", "time"}, line["name"]
