"""What the commands of `python3 -m demo` do, each from its parsed options."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from demo import parts, ports, process, record, seeding, totp
from demo.bootstrap import missing_modules
from demo.people import PEOPLE
from demo.portal.component import ADDED_PROVIDERS
from demo.stack import (
    DEFAULT_PORT,
    DEFAULT_STATE,
    REPOSITORY,
    Component,
    Stack,
    write_private,
)
from demo.supervisor import Supervisor, guard, people, say_into, storages


class Refusal(RuntimeError):
    """A command cannot be done; the text is one sentence that says what to do."""


def stack_of(options: argparse.Namespace) -> Stack:
    """Return the stack of a command line, at the port of its last start."""
    state = (options.state or DEFAULT_STATE).expanduser().resolve()
    return stack_at(state, record.saved_port(state) or DEFAULT_PORT)


def stack_at(state: Path, port: int) -> Stack:
    """Return a stack; all stacks of a clone share its environments, where they can be written."""
    shared = DEFAULT_STATE if DEFAULT_STATE.exists() else REPOSITORY
    environments = DEFAULT_STATE if os.access(shared, os.W_OK) else state
    return Stack(state=state, port=port, environments=environments / "envs")


def up(options: argparse.Namespace) -> int:
    """Start the stack."""
    if sentence := missing_modules():
        raise Refusal(sentence)
    chosen = _chosen(options.only)
    stack = stack_of(options)
    lock = record.take_lock(stack.state)
    if lock is None:
        print(f"The demo runs already: {stack.url('portal', '/')}")
        return 0
    stack = stack_at(stack.state, _port(stack.state, options.port))
    record.save_port(stack.state, stack.port)
    _take_providers(stack, options.providers)
    (stack.state / "status.json").unlink(missing_ok=True)  # of an earlier life
    log = stack.folder("logs") / "supervisor.log"
    process.rotate(log)
    if not options.detach:
        return guard(lambda: _supervise(stack, chosen, say_into(log, aloud=True)))
    return _detach(stack, lock, log, chosen)


def _take_providers(stack: Stack, file: str | None) -> None:
    """Keep the user's providers for this start and later ones; an empty name forgets them."""
    kept = stack.state / ADDED_PROVIDERS
    if file is None:
        return
    if not file:
        kept.unlink(missing_ok=True)
        return
    try:
        write_private(kept, Path(file).expanduser().read_text())
    except (OSError, UnicodeDecodeError) as exc:
        raise Refusal(f"--providers {file} cannot be read: {exc}") from None


def code(options: argparse.Namespace) -> int:
    """Print the one-time code of somebody with a second factor."""
    person = next((one for one in PEOPLE if one.username == options.username), None)
    secret = person.totp_secret(stack_of(options)) if person else ""
    if not secret:
        known = ", ".join(one.username for one in PEOPLE if one.second_factor)
        raise Refusal(f"{options.username} has no second factor; who has: {known}.")
    print(totp.code(secret))
    return 0


def _supervise(stack: Stack, chosen: Sequence[Component], say: Callable[[str], None]) -> int:
    return Supervisor(stack, chosen, say, seed=True).run()


def _chosen(only: str | None) -> Sequence[Component]:
    if only is None:
        return parts.components()
    try:
        return parts.with_their_needs(name for name in only.split(",") if name)
    except KeyError as exc:
        known = ", ".join(each.name for each in parts.components())
        raise Refusal(f"There is no component {exc}; there are: {known}.") from None


def _port(state: Path, wanted: int | None) -> int:
    """Return the base port: as asked, as last time, or the first whose range is free."""
    base = wanted or record.saved_port(state)
    if base is None:
        return ports.free_base()
    if taken := ports.busy(base):
        raise Refusal(f"{ports.explain(taken)} Stop that program, or choose a base with --port N.")
    return base


def _detach(stack: Stack, lock: int, log: Path, chosen: Sequence[Component]) -> int:
    """Leave the supervisor in the background; show what it says until all is settled."""
    began = log.stat().st_size if log.exists() else 0
    log.touch()
    child = os.fork()
    if child == 0:
        os.setsid()
        code = 1
        try:
            _to_background(log)
            code = guard(lambda: _supervise(stack, chosen, say_into(log, aloud=False)))
        finally:
            os._exit(code)
    os.close(lock)
    try:
        _follow(log, began, until=lambda: _settled(stack) or _ended(child))
    except KeyboardInterrupt:
        process.send(child, signal.SIGTERM)
        os.waitpid(child, 0)
        return 130
    return 0 if _all_up(stack) else 1


def _to_background(log: Path) -> None:
    """Send all output to the log, so that the terminal may go away."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, descriptor in ((0, nothing), (1, output), (2, output)):
        os.dup2(descriptor, number)


def _settled(stack: Stack) -> bool:
    status = record.load_status(stack.state)
    return status is not None and status["settled"]


def _all_up(stack: Stack) -> bool:
    status = record.load_status(stack.state)
    return (
        status is not None
        and status["settled"]
        and all(each["state"] == "up" for each in status["components"])
        and not status["problems"]
    )


def _ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] != 0


def _follow(log: Path, offset: int, *, until: Callable[[], bool]) -> None:
    """Print what is added to a log, until a claim is true."""
    with log.open(errors="replace") as stream:
        stream.seek(offset)
        done = False
        while not done:
            done = until()
            print(stream.read(), end="", flush=True)
            if not done:
                time.sleep(0.1)


def down(options: argparse.Namespace) -> int:
    """Stop the stack, by pid, and wait until nothing of it is left."""
    stack = stack_of(options)
    if not record.is_running(stack.state):
        print("The demo does not run.")
        return 0
    status = record.load_status(stack.state)
    if status is not None:
        process.send(status["supervisor"], signal.SIGTERM)
    if process.wait_until(lambda: not record.is_running(stack.state), 90.0):
        print("Stopped.")
        return 0
    raise Refusal(f"The demo has not stopped within 90 s; see {stack.state}/logs/supervisor.log.")


def status(options: argparse.Namespace) -> int:
    """Show the stack; the exit code is 0 when every component is up."""
    document = status_document(stack_of(options))
    if options.json:
        print(json.dumps(document, indent=1))
    else:
        _print_table(document)
    return 0


def status_document(stack: Stack) -> dict[str, object]:
    """Return what `status --json` prints."""
    running = record.is_running(stack.state)
    known = record.load_status(stack.state) if running else None
    kept = {each["name"]: each for each in known["components"]} if known else {}
    components = []
    for component in parts.components():
        entry = kept.get(component.name)
        pid = entry["pid"] if entry else None
        components.append(
            {
                "name": component.name,
                "title": component.title,
                "url": component.url(stack),
                "pid": pid,
                "state": entry["state"] if entry else "stopped",
                "note": entry["note"] if entry else "",
                "memory_mb": process.memory_mb(pid) if pid else 0.0,
            }
        )
    return {
        "portal": stack.url("portal", "/"),
        "running": running,
        "settled": bool(known and known["settled"]),
        "components": components,
        "people": people(stack),
        "storages": storages(stack),
    }


def _print_table(document: dict[str, object]) -> None:
    rows: list[dict[str, object]] = document["components"]  # type: ignore[assignment] # by now JSON
    total = 0.0
    for row in rows:
        memory = float(str(row["memory_mb"]))
        total += memory
        size = f"{memory:6.0f} MB" if row["pid"] else " " * 9
        note = row["note"] or row["url"] or ""
        print(f"{row['name']:15} {row['state']:9} {row['pid'] or '':>8} {size}  {note}")
    print(f"{'':34} {total:6.0f} MB  in all\n\nPortal: {document['portal']}\n")
    someone: list[dict[str, object]] = document["people"]  # type: ignore[assignment] # likewise
    for person in someone:
        print(f"{person['username']:12} {person['password']:14} {person['provider']}")
    for name in (one.username for one in PEOPLE if one.second_factor):
        print(f"\nThe second factor of {name}: python3 -m demo code {name}")


def logs(options: argparse.Namespace) -> int:
    """Show a component's log."""
    stack = stack_of(options)
    log = stack.state / "logs" / f"{options.name}.log"
    if not log.exists():
        known = ", ".join(sorted(path.stem for path in (stack.state / "logs").glob("*.log")))
        raise Refusal(f"There is no log of {options.name}; there are: {known or 'none yet'}.")
    with contextlib.suppress(KeyboardInterrupt):
        if not options.follow:
            sys.stdout.write(log.read_text(errors="replace"))
        else:
            _follow(log, max(0, log.stat().st_size - 4000), until=lambda: False)
    return 0


def stop(options: argparse.Namespace) -> int:
    """Stop components by name."""
    return _hold(options, lambda held, names: held | names, "stopped")


def start(options: argparse.Namespace) -> int:
    """Start what was stopped by name."""
    return _hold(options, lambda held, names: held - names, "up")


def _hold(
    options: argparse.Namespace,
    change: Callable[[frozenset[str], frozenset[str]], frozenset[str]],
    wanted: str,
) -> int:
    stack = _running(options)
    names = frozenset(options.names)
    known = _states(stack)
    if unknown := names - set(known):
        raise Refusal(f"Not a running stack's component: {', '.join(sorted(unknown))}.")
    record.hold(stack.state, change(record.held(stack.state), names))
    reached = process.wait_until(lambda: {_states(stack)[each] for each in names} == {wanted}, 120)
    print(", ".join(f"{each}: {_states(stack)[each]}" for each in sorted(names)))
    return 0 if reached else 1


def _states(stack: Stack) -> dict[str, str]:
    known = record.load_status(stack.state)
    return {each["name"]: each["state"] for each in known["components"]} if known else {}


def seed(options: argparse.Namespace) -> int:
    """Sow into the running stack."""
    stack = _running(options)
    up_now = {name for name, state in _states(stack).items() if state == "up"}
    return 1 if seeding.seed(stack, up_now, print, large=options.large) else 0


def _running(options: argparse.Namespace) -> Stack:
    stack = stack_of(options)
    if not record.is_running(stack.state):
        raise Refusal("The demo does not run: start it with `python3 -m demo up --detach`.")
    return stack
