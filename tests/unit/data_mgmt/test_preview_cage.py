"""The worker of previews harms nothing, whatever a file made of it: it is tried from inside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from data_mgmt.previews import believed, maker, wire
from data_mgmt.previews.cage import Limits
from data_mgmt.previews.maker import Bounds, Failure, Made
from data_mgmt.previews.options import Options
from tests.fakes.previews import REPOSITORY, Held, previews_python

MUTANTS = REPOSITORY / "tests" / "fakes" / "preview_mutants.py"
#: A worker whose module for texts is what a test says: as if a file had taken it over.
TAKEN_OVER = """#!{shell}
exec '{python}' -I -B -c '
import sys; sys.path.insert(0, sys.argv[1])
import types
from data_mgmt.previews import worker
module = types.ModuleType("data_mgmt.previews.text")
exec(open("{code}").read(), module.__dict__)
sys.modules["data_mgmt.previews.text"] = module
worker.main(int(sys.argv[2]))' "$5" "$6"
"""
Taken = Callable[..., Made]


@pytest.fixture
def taken(tmp_path: Path) -> Taken:
    """Make a preview with a worker that runs some code in place of a format."""

    def make(code: str, *, bounds: Bounds | None = None, file: Held | None = None) -> Made:
        (tmp_path / "code.py").write_text(textwrap.dedent(code))
        script = tmp_path / "python"
        script.write_text(
            TAKEN_OVER.format(shell="/bin/sh", python=previews_python(), code=tmp_path / "code.py")
        )
        script.chmod(0o755)
        return maker.make(
            file or Held(b"some text"), "a.txt", Options(), python=script, bounds=bounds
        )

    return make


def test_it_opens_nothing_starts_nothing_and_reaches_nobody(
    taken: Taken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_SECRET_OF_A_TEST", "s3cret")
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    made = taken(
        f"""
        import os, socket, ctypes, signal
        from data_mgmt.previews.values import Pairs, Preview, said
        def tried(what):
            try:
                return "did it: " + repr(what())
            except BaseException as exc:
                return type(exc).__name__
        def preview(file, format, options):
            parent = os.getppid()
            libc = ctypes.CDLL(None)
            attempts = {{
                "file": lambda: open("/etc/passwd").read(),
                "write": lambda: open("/tmp/preview-was-here", "w"),
                "portal's environment": lambda: open(f"/proc/{{parent}}/environ").read(),
                "portal's memory": lambda: open(f"/proc/{{parent}}/mem", "rb"),
                "list": lambda: os.listdir("/"),
                "socket": lambda: socket.create_connection(("127.0.0.1", {port})),
                "unix": lambda: socket.socket(socket.AF_UNIX),
                "raw": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
                "fork": os.fork,
                "exec": lambda: os.execv("/bin/true", ["true"]),
                "kill": lambda: os.kill(parent, signal.SIGTERM),
                "thread": lambda: __import__("_thread").start_new_thread(print, ()),
                "own limits": lambda: __import__("resource").setrlimit(7, (100, 100)),
            }}
            calls = {{"unshare": 272, "ptrace": 101, "io_uring": 425, "bpf": 321, "mount": 165}}
            found = [(name, tried(what)) for name, what in attempts.items()]
            found += [(name, f"{{libc.syscall(n, 0, 0, 0, 0)}}") for name, n in calls.items()]
            found += [("environment", ",".join(sorted(os.environ))), ("uid", str(os.getuid()))]
            return Preview("text", said(""), (Pairs("", tuple(found)),))
        """
    )

    assert made.preview is not None
    (block,) = made.preview.blocks
    assert block.kind == "pairs"
    told = dict(block.rows)
    environment, uid = told.pop("environment"), told.pop("uid")
    assert not [name for name, outcome in told.items() if outcome.startswith("did it")], told
    assert {told[name] for name in ("unshare", "ptrace", "io_uring", "bpf", "mount")} == {"-1"}
    assert "SECRET" not in environment
    assert "VRE_" not in environment
    assert "PATH" not in environment.split(",")
    assert uid == str(65534 if os.geteuid() == 0 else os.getuid())
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.accept()
    listening.close()


BEGIN = "from data_mgmt.previews.values import *\ndef preview(file, format, options):\n    "
HISTOGRAM = 'return Preview("text", said(""), (Histogram("", (0.0, {edge}), (1.0,{more})),))'


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        pytest.param("held = [bytearray(1 << 26) for _ in range(999)]", "memory", id="memory"),
        pytest.param("\n    while True: pass", "time", id="time"),
        pytest.param("import time; time.sleep(60)", "time", id="sleep"),
        pytest.param("import ctypes; ctypes.string_at(0)", "broken", id="crash"),
        pytest.param("import os; os.abort()", "broken", id="abort"),
        pytest.param("import os; os._exit(0)", "broken", id="silence"),
        pytest.param("return preview(file, format, options)", "broken", id="recursion"),
        pytest.param("raise KeyError('<b>secret</b>')", "broken", id="error"),
        pytest.param("\n    while True: file._reader.read_at(0, 9)", "too_much", id="asks"),
        pytest.param(
            "return Preview('text', said(''), (Text('', 'x' * 4000000),))", "too_long", id="long"
        ),
        pytest.param("return Preview('text', 7, ())", "broken", id="another shape"),
        pytest.param(HISTOGRAM.format(edge="1.0", more="2.0"), "broken", id="edges"),
        pytest.param(HISTOGRAM.format(edge="float('nan')", more=""), "broken", id="no number"),
        pytest.param(
            "return Preview('text', said(''), (Picture('', 'PHN2Zz4=', 9, 9),))",
            "broken", id="no picture",
        ),
        pytest.param(
            "return Preview('text', said(''), (Table('', (Column('a'),), (('1', '2'),)),))",
            "broken", id="ragged",
        ),
    ],
)  # fmt: skip
def test_each_way_to_fail_has_its_own_word(taken: Taken, code: str, failure: str) -> None:
    bounds = Bounds(5, ranges=20, limits=Limits(memory_bytes=1 << 28, cpu_seconds=1))

    made = taken(BEGIN + code, bounds=bounds)

    assert made.failure == Failure(failure)
    assert made.preview is None
    assert not made.reason.text or "secret" not in made.reason.text


def test_a_worker_gets_no_more_bytes_than_it_may(taken: Taken) -> None:
    code = BEGIN + "return [file.read_at(at << 16, 1 << 16) for at in range(100)]"

    made = taken(code, bounds=Bounds(read_bytes=1 << 18), file=Held(b"a" * (1 << 22)))

    assert made.failure is Failure.TOO_MUCH
    assert made.read_bytes <= 1 << 18


def test_what_hides_in_a_text_is_shown_as_a_hole() -> None:
    told = believed.cleaned({"a\u202eb": ["x\x00y\ud800", "two\nlines"]})

    assert told == {"a�b": ["x�y�", "two\nlines"]}


def test_broken_and_hostile_files_of_each_format_get_an_answer(samples: Path) -> None:
    done = subprocess.run(
        [str(previews_python()), str(MUTANTS), str(REPOSITORY), str(samples)],
        env={"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=300,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]

    died = [line for line in lines if "died" in line]
    assert len(lines) > 140
    assert not died
    for line in lines:
        answer = line["answer"]
        told = json.dumps(answer)
        assert "ModuleNotFoundError" not in told, line["name"]
        if "preview" in answer:
            believed.preview(answer["preview"])
        else:
            assert "refused" in answer or Failure(answer["failed"]), line["name"]
    whole = {line["format"] for line in lines if line["name"].endswith(" 0")}
    shown = {
        line["format"]
        for line in lines
        if line["name"].endswith(" 0") and "preview" in line["answer"]
    }
    assert shown == whole
    assert len(whole) == 11


def test_where_the_kernel_can_lock_nothing_up_nothing_is_read() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from data_mgmt.previews import cage; "
        "cage._MACHINES.clear(); cage.lock(cage.Limits())"
    )

    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(REPOSITORY)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "NoCage" in done.stderr


class LeavesOnceRefused:
    """The worker's end of the line: it takes one piece and is gone."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def settimeout(self, seconds: float) -> None:
        """Wait as long as one likes."""

    def sendall(self, piece: bytes) -> None:
        if self.taken:
            raise BrokenPipeError
        self.taken.append(piece)


def test_a_refused_worker_may_be_gone_before_anything_more_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(maker._Worker, "__init__", lambda self: None)
    worker = maker._Worker()  # type: ignore[call-arg]  # it is made without a process
    line = LeavesOnceRefused()
    vars(worker).update(
        _bounds=Bounds(5, ranges=1), _bytes=0, _ranges=1, _deadline=time.monotonic() + 9,
        _connection=line,
    )  # fmt: skip

    worker._hand_over(Held(b"nine byte"), 0, 9)

    assert line.taken == [wire.LENGTH.pack(wire.REFUSED)]
