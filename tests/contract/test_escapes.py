"""What a hostile run tries: nothing gets out, the runner answers, and the runs of others go on.

Each attack is a script that writes what it found into `result.txt`. Most are made twice: by the
command of a step, and by a Snakefile while it is read, for a workflow engine is a program that runs
what people send.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.stack import Stack
from tests.contract.runner import OwnRunner, Person, one_step, wait_for
from tests.signin import exchange, running_stack, sign_in

MIB = 1 << 20
LIMITS = {
    "seconds": 900.0,
    "cpu_seconds": 8.0,
    "memory_bytes": 512 * MIB,
    "processes": 64,
    "file_bytes": 16 * MIB,
    "workspace_bytes": 48 * MIB,
}
ATTACK = "bash attack.sh > result.txt 2>&1"
BY_STEP = one_step(ATTACK)
BY_SNAKEFILE = {
    "inputs": {"files": ["Snakefile", "attack.sh"]},
    "workflow": {"type": "snakemake", "file": "Snakefile"},
}
SNAKEFILE = f"""
import subprocess
subprocess.run({ATTACK!r}, shell=True, check=True)
rule all:
    output: "done.txt"
    shell: "touch done.txt"
"""
WAYS = {"a step": BY_STEP, "a Snakefile": BY_SNAKEFILE}
HEARTBEAT = "while :; do echo beat; sleep 0.2; done"


@pytest.fixture(scope="module")
def stack() -> Stack:
    """The running stack."""
    return running_stack()


@pytest.fixture(scope="module")
def own(stack: Stack) -> Iterator[OwnRunner]:
    """A runner with limits that a test reaches."""
    runner = OwnRunner(stack, {"run_limits": LIMITS, "slots": 3})
    runner.start()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def attacker(own: OwnRunner, stack: Stack) -> Person:
    """Somebody who sends what they should not."""
    return Person(own.url, exchange(stack, sign_in(stack, "researcher"), "reana"))


@pytest.fixture(scope="module")
def bystander(own: OwnRunner, stack: Stack) -> Person:
    """Somebody else, whose runs must not notice."""
    return Person(own.url, exchange(stack, sign_in(stack, "datamanager"), "reana"))


@pytest.fixture(scope="module")
def beating(bystander: Person) -> str:
    """A run of somebody else that goes on all the time."""
    return bystander.start(one_step(HEARTBEAT))


@pytest.fixture(autouse=True)
def others_go_on(own: OwnRunner, bystander: Person, beating: str) -> Iterator[None]:
    """After each attack the runner answers and the other run goes on."""
    wait_for(lambda: beats(bystander, beating) > 0)
    yield
    assert own.answers()
    before = beats(bystander, beating)
    wait_for(lambda: beats(bystander, beating) > before, 20)
    assert bystander.status(beating)["status"] == "running"


def beats(person: Person, workflow: str) -> int:
    """Return how often the other run has beaten until now."""
    return person.output(workflow).count("beat")


def attack(person: Person, script: str, way: dict[str, Any] = BY_STEP) -> str:
    """Start an attack and return its workflow."""
    workflow = person.create(way)
    person.put(workflow, "attack.sh", script.encode())
    person.put(workflow, "Snakefile", SNAKEFILE.encode())
    person.ask("POST", f"/workflows/{workflow}/start", json={})
    return workflow


def result_of(person: Person, script: str, way: dict[str, Any]) -> str:
    """Make an attack and return what it found."""
    workflow = attack(person, script, way)
    assert person.finish(workflow) in {"finished", "failed"}
    answer = person.call("GET", f"/workflows/{workflow}/workspace/result.txt")
    assert answer.ok, person.status(workflow)["logs"]
    return answer.text


def reason_of(person: Person, workflow: str) -> str:
    """Return why a run failed, once it has."""
    assert person.finish(workflow) == "failed"
    return str(person.status(workflow)["logs"])


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The kind of run that makes the attack."""
    return WAYS[request.param]


def test_the_workspace_of_another_person_is_not_seen(
    own: OwnRunner, attacker: Person, bystander: Person, way: dict[str, Any]
) -> None:
    victim = bystander.create(one_step("true"))
    bystander.put(victim, "private.txt", b"the-private-words")
    (place,) = own.folder.glob("workspaces/*/private.txt")

    found = result_of(
        attacker,
        f"cat {place}; ls {place.parent}; ls {place.parent.parent}; find / -name private.txt;"
        f" grep -rs 'the-privat[e]-words' {place.parent.parent} || echo nothing",
        way,
    )

    place.unlink()
    assert "the-private-words" not in found
    assert found.endswith("nothing\n")


def test_no_file_with_a_secret_is_read(
    own: OwnRunner, stack: Stack, attacker: Person, way: dict[str, Any]
) -> None:
    state = stack.state.resolve()
    secret = stack.secret("postgres-reana")
    places = [
        Path("/etc/shadow"),
        Path("/etc/gshadow"),
        Path.home() / ".ssh",
        state / "secrets.json",
        state / "reana" / "settings.json",
        state / "hub" / "settings.json",
        state / "portal",
        own.folder / "settings.json",
        own.folder / "runs",
    ]

    found = result_of(
        attacker,
        "\n".join(f"cat {one}/* {one} 2>/dev/null" for one in places) + "\necho over",
        way,
    )

    assert found.endswith("over\n")
    assert secret not in found
    assert "root:" not in found.replace("root:x:0:0:root:/nonexistent", "")
    assert "database_url" not in found


def test_no_other_process_is_seen_nor_its_environment(
    stack: Stack, attacker: Person, way: dict[str, Any]
) -> None:
    found = result_of(
        attacker,
        "cat /proc/[0-9]*/environ | tr '\\0' '\\n'; cat /proc/[0-9]*/cmdline | tr '\\0' ' ';"
        " echo; kill -9 -1; ls -d /proc/[0-9]* | wc -l",
        way,
    )

    assert "REANA_RUNNER_SETTINGS" not in found
    assert "VRE_" not in found
    assert "postgres" not in found
    assert "demo.reana.service" not in found


def test_no_service_of_the_machine_is_reached(
    stack: Stack, attacker: Person, way: dict[str, Any]
) -> None:
    ports = [stack.port_of(name) for name in ("postgres", "valkey", "portal", "reana", "hub-api")]
    script = "\n".join(
        f"(exec 3<>/dev/tcp/{host}/{port}) 2>/dev/null && echo reached {port}"
        for port in ports
        for host in ("127.0.0.1", "localhost", "0.0.0.0")
    )

    found = result_of(attacker, f"{script}\nip -o link | wc -l\ncat /proc/net/tcp | wc -l", way)

    assert "reached" not in found


def test_a_fork_bomb_stays_in_its_run(own: OwnRunner, attacker: Person) -> None:
    workflow = attack(attacker, "bomb() { bomb | bomb & }; bomb; sleep 2; echo survived")

    assert attacker.finish(workflow) in {"finished", "failed"}

    folder = str(workspace_of(own, "attack.sh"))
    assert not any(folder in one for one in command_lines())


def test_a_run_that_eats_memory_with_many_processes_is_ended(attacker: Person) -> None:
    hog = "python -c 'import time; hoard = bytearray(200 << 20); time.sleep(30)'"

    workflow = attack(attacker, f"for n in 1 2 3 4 5; do {hog} & done; wait")

    assert "more than the 512 MiB of memory" in reason_of(attacker, workflow)


def test_a_run_that_fills_the_disk_is_ended(attacker: Person) -> None:
    workflow = attack(
        attacker, "for n in {1..500}; do head -c 4000000 /dev/urandom > $n; done; sleep 30"
    )

    assert "went over the quota of the workspace" in reason_of(attacker, workflow)


def test_a_file_that_is_larger_than_allowed_is_not_written(
    own: OwnRunner, attacker: Person
) -> None:
    workflow = attack(attacker, "exec head -c 40000000 /dev/zero > large.bin")

    assert "larger file than a run may" in reason_of(attacker, workflow)

    assert all(one.stat().st_size <= 16 * MIB for one in own.folder.glob("workspaces/*/large.bin"))


def test_a_run_that_takes_too_much_time_of_processors_is_ended(attacker: Person) -> None:
    workflow = attack(attacker, "for n in 1 2 3 4; do (while :; do :; done) & done; wait")

    reason = reason_of(attacker, workflow)

    assert "seconds of CPU time" in reason or "it used more CPU time" in reason


DAEMON = """
setsid nohup sleep 4711 > /dev/null 2>&1 &
python - <<'CODE'
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "4712"])
    os._exit(0)
CODE
(trap '' TERM HUP INT; sleep 4713) &
disown -a
echo left
"""


def test_no_daemon_outlives_its_run(attacker: Person, way: dict[str, Any]) -> None:
    found = result_of(attacker, DAEMON, way)

    assert found == "left\n"
    assert not [one for one in command_lines() if one.startswith("sleep 471")]


def test_links_of_a_workspace_lead_nobody_out(
    own: OwnRunner, stack: Stack, attacker: Person, tmp_path: Path
) -> None:
    secrets = stack.state.resolve() / "secrets.json"
    workflow = attack(
        attacker,
        f"ln -s {secrets} file; ln -s {secrets.parent} folder; ln -s / top; ln -s .. up;"
        f" ln -s {tmp_path} outside; mkfifo pipe; mkdir own; ln -s {secrets} own/file;"
        " ln -s self self; ln /etc/passwd hard; echo done",
    )
    attacker.finish(workflow)
    where = f"/workflows/{workflow}/workspace"

    for path in (
        "file",
        "folder/secrets.json",
        f"top{secrets}",
        "up/x",
        "own/file",
        "own",
        "pipe",
        "self",
        "hard",
    ):
        assert attacker.call("GET", f"{where}/{path}").status_code == 404, path
    packed = attacker.call("GET", f"{where}/*")
    assert stack.secret("valkey").encode() not in packed.content
    assert not attacker.put(workflow, "outside/planted.txt", b"x").ok
    attacker.call("DELETE", f"{where}/folder/secrets.json")
    attacker.call("DELETE", f"{where}/file")
    assert secrets.exists()
    assert list(tmp_path.iterdir()) == []


DEEP = """
python - <<'CODE'
import os
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
open("bottom.txt", "w").close()
CODE
echo done
"""


def test_folders_deeper_than_a_program_recurses_do_no_harm(attacker: Person) -> None:
    workflow = attack(attacker, DEEP)

    assert attacker.finish(workflow) == "finished"

    for path in ("workspace", "disk_usage"):
        assert attacker.call("GET", f"/workflows/{workflow}/{path}").status_code < 500
    gone = attacker.call(
        "PUT",
        f"/workflows/{workflow}/status",
        params={"status": "deleted"},
        json={"workspace": True},
    )
    assert gone.status_code == 200


@pytest.mark.parametrize(
    "name",
    ["../escape", "/../escape", "a/../../escape", "..", "a/..", "", "/", "a\0b", "./../escape"],
)
def test_an_upload_never_leaves_the_workspace(own: OwnRunner, attacker: Person, name: str) -> None:
    workflow = attacker.create(one_step("true"))

    answer = attacker.put(workflow, name, b"x")

    assert answer.status_code == 400
    assert not list(own.folder.rglob("escape"))


def test_what_a_run_tells_of_its_steps_is_believed_only_in_its_shape(
    attacker: Person,
) -> None:
    forged = """
for n in $(seq 2000); do
    echo '{"kind": "begin", "key": "'$n'", "name": "../../../../etc", "time": 1}' >> $RUN_EVENTS
    echo '{"kind": "log", "key": "'$n'", "text": "x"}' >> $RUN_EVENTS
done
head -c 3000000 /dev/urandom >> $RUN_EVENTS
echo '[[[[{"kind"' >> $RUN_EVENTS
rm -f $RUN_EVENTS; ln -sf /etc/shadow $RUN_EVENTS
echo told
"""
    workflow = attack(attacker, forged, BY_SNAKEFILE)

    assert attacker.finish(workflow) == "finished", attacker.status(workflow)["logs"]

    progress = attacker.status(workflow)["progress"]
    assert 2000 <= progress["total"]["total"] <= 2002
    assert "root:" not in attacker.output(workflow)


def test_the_sandbox_is_not_undone_from_inside(attacker: Person, way: dict[str, Any]) -> None:
    found = result_of(
        attacker,
        "mount -t tmpfs none /mnt && echo mounted; chroot / true && echo rooted;"
        " touch /usr/planted /etc/planted && echo planted; su -c true && echo raised;"
        " nsenter -t 1 -a true 2>/dev/null && id -u | grep -qx 0 && echo entered;"
        " cat /dev/sda /dev/vda 2>/dev/null | head -c 1 | wc -c; id -u",
        way,
    )

    *attempts, uid = found.split()
    assert not {"mounted", "rooted", "planted", "raised", "entered"} & set(attempts)
    assert int(uid) >= 40_000


def workspace_of(own: OwnRunner, name: str) -> Path:
    """Return the newest workspace that has a file of this name."""
    found = own.folder.glob(f"workspaces/*/{name}")
    return max(found, key=lambda one: one.stat().st_mtime).parent


def command_lines() -> list[str]:
    """Return what runs on this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended
    return found
