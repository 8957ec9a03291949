"""What each of REANA's sentences claims about a run."""

from __future__ import annotations

import math
import re

from reproducibility.gherkin.values import Failed, FileFacts, RunFacts, Unjudged
from reproducibility.gherkin.vocabulary import VOCABULARY

ALGORITHMS = ("sha256", "sha512", "md5", "adler32")
UNITS = {"": 0, "bytes": 0, "b": 0, "kib": 1, "mib": 2, "gib": 3, "tib": 4, "pib": 5}

when, then = VOCABULARY.when, VOCABULARY.then


@when("the workflow execution completes")
def completed(facts: RunFacts) -> None:
    """Go on when the run has finished or failed."""
    if facts.state not in {"finished", "failed"}:
        raise Unjudged(f"The run is {facts.state}; this is for one that has ended.")


@when("the workflow is {state}", "the workflow status is {state}")
def in_state(facts: RunFacts, state: str) -> None:
    """Go on when the run is in a state."""
    if facts.state != _plain(state):
        raise Unjudged(f"The run is {facts.state}; this is for one that is {_plain(state)}.")


@then("the workflow should be {state}", "the workflow status should be {state}")
def should_be(facts: RunFacts, state: str) -> None:
    """Claim a state."""
    _claim(facts.state == _plain(state), f"The run is {facts.state}, not {_plain(state)}.")


@then(
    "the outputs should be included in the workspace",
    "all the outputs should be included in the workspace",
)
def outputs_there(facts: RunFacts) -> None:
    """Claim that all outputs of reana.yaml are there."""
    for path in facts.outputs:
        _claim(_there(facts, path), f"{path} is not in the workspace.")


@then(
    'the workspace should include "{path}"',
    'the workspace should contain "{path}"',
    "{path} should be in the workspace",
)
def file_there(facts: RunFacts, path: str) -> None:
    """Claim that a file or folder is there."""
    _claim(_there(facts, _plain(path)), f"{_plain(path)} is not in the workspace.")


@then(
    "the workspace should not include {path}",
    "the workspace should not contain {path}",
    "{path} should not be in the workspace",
)
def file_not_there(facts: RunFacts, path: str) -> None:
    """Claim that a file or folder is not there."""
    _claim(not _there(facts, _plain(path)), f"{_plain(path)} is in the workspace.")


@then('the logs should contain "{content}"')
def logs_contain(facts: RunFacts, content: str) -> None:
    """Claim a text in any log."""
    logs = [facts.engine_log, *facts.logs.values()]
    _claim(any(content in log for log in logs), f"No log has “{_cut(content)}”.")


@then('the engine logs should contain "{content}"')
def engine_logs_contain(facts: RunFacts, content: str) -> None:
    """Claim a text in the service's own log."""
    _claim(content in facts.engine_log, f"The engine's log does not have “{_cut(content)}”.")


@then('the job logs should contain "{content}"')
def job_logs_contain(facts: RunFacts, content: str) -> None:
    """Claim a text in a step's log."""
    found = any(content in log for log in facts.logs.values())
    _claim(found, f"No step's log has “{_cut(content)}”.")


@then(
    'the job logs for the step {step} should contain "{content}"',
    'the job logs for the {step} step should contain "{content}"',
)
def step_logs_contain(facts: RunFacts, step: str, content: str) -> None:
    """Claim a text in the log of one step."""
    name = _plain(step)
    _claim(name in facts.logs, f"There is no step {name}.")
    _claim(content in facts.logs[name], f"The log of {name} does not have “{_cut(content)}”.")


@then(
    'the file {path} should include "{content}"',
    'the file {path} should contain "{content}"',
)
def file_contains(facts: RunFacts, path: str, content: str) -> None:
    """Claim a text in a file."""
    found = _file(facts, path)
    if found.text is None:
        raise Unjudged(f"{_plain(path)} can't be read as text here.")
    _claim(content in found.text(), f"{_plain(path)} does not have “{_cut(content)}”.")


@then("the {algorithm} checksum of the file {path} should be {checksum}")
def checksum_is(facts: RunFacts, algorithm: str, path: str, checksum: str) -> None:
    """Claim a checksum, whatever the case of its digits, with or without leading zeros."""
    found, name = _file(facts, path), _plain(algorithm).lower()
    if name not in ALGORITHMS:
        raise Unjudged(f"{_cut(name)} is none of {', '.join(ALGORITHMS)}.")
    if found.checksum is None:
        raise Unjudged(f"{_plain(path)} can't be read here.")
    wanted, given = _plain(checksum).lower().removeprefix("0x"), found.checksum(name).lower()
    same = wanted.lstrip("0") == given.lstrip("0") if name == "adler32" else wanted == given
    _claim(same, f"The {name} of {_plain(path)} is {given}.")


@then("the workflow run duration should be less than {minutes} minutes")
def run_is_shorter(facts: RunFacts, minutes: str) -> None:
    """Claim that the run took less than some minutes."""
    if facts.seconds is None:
        raise Unjudged("How long the run took is not known.")
    took = facts.seconds / 60
    _claim(took < _number(minutes), f"The run took {took:.1f} minutes.")


@then("the duration of the step {step} should be less than {minutes} minutes")
def step_is_shorter(facts: RunFacts, step: str, minutes: str) -> None:
    """Claim that a step took less than some minutes."""
    name = _plain(step)
    _claim(name in facts.logs or name in facts.step_seconds, f"There is no step {name}.")
    if name not in facts.step_seconds:
        raise Unjudged(f"How long {name} took is not known.")
    took = facts.step_seconds[name] / 60
    _claim(took < _number(minutes), f"{name} took {took:.1f} minutes.")


@then("the size of the file {path} should be exactly {size}")
def size_is(facts: RunFacts, path: str, size: str) -> None:
    """Claim a file's size."""
    found = _file(facts, path).size
    _claim(found == _bytes(size), f"{_plain(path)} has {found:,} bytes.")


@then("the size of the file {path} should be between {least} and {most}")
def size_between(facts: RunFacts, path: str, least: str, most: str) -> None:
    """Claim that a file's size is between two others, whichever is named first."""
    found, (low, high) = _file(facts, path).size, sorted((_bytes(least), _bytes(most)))
    _claim(low <= found <= high, f"{_plain(path)} has {found:,} bytes.")


@then("the workspace size should be less than {size}")
def workspace_is_smaller(facts: RunFacts, size: str) -> None:
    """Claim that the workspace has at most a size."""
    _claim(_total(facts) <= _bytes(size), f"The workspace has {_total(facts):,} bytes.")


@then("the workspace size should be more than {size}")
def workspace_is_larger(facts: RunFacts, size: str) -> None:
    """Claim that the workspace has at least a size."""
    _claim(_total(facts) >= _bytes(size), f"The workspace has {_total(facts):,} bytes.")


def _claim(true: bool, otherwise: str) -> None:
    if not true:
        raise Failed(otherwise)


def _plain(text: str) -> str:
    return text.strip('"')


def _cut(text: str) -> str:
    return f"{text[:57]}…" if len(text) > 60 else text


def _relative(path: str) -> str:
    return _plain(path).removeprefix("./").lstrip("/").rstrip("/")


def _there(facts: RunFacts, path: str) -> bool:
    name = _relative(path)
    return name in facts.files or any(each.startswith(f"{name}/") for each in facts.files)


def _file(facts: RunFacts, path: str) -> FileFacts:
    found = facts.files.get(_relative(path))
    if found is None:
        raise Failed(f"{_plain(path)} is not in the workspace.")
    return found


def _total(facts: RunFacts) -> int:
    return sum(each.size for each in facts.files.values())


def _number(text: str) -> float:
    try:
        number = float(_plain(text))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unjudged(f"“{_cut(_plain(text))}” is no number.")
    return number


def _bytes(text: str) -> int:
    """Return a size such as 1.5 GiB or 14336 bytes; REANA counts by 1,024."""
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z]*)", _plain(text).strip())
    if found is None or found[2].lower() not in UNITS:
        raise Unjudged(f"“{_cut(_plain(text))}” is no size, such as 1.5 MiB.")
    return int(float(found[1]) * 1024 ** UNITS[found[2].lower()])
