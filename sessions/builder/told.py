"""What pip says, in words for the person who listed the packages."""

from __future__ import annotations

import re

#: Where the site's index is, is nobody's business; the rest is a repetition.
HIDDEN = re.compile(
    r"Looking in (indexes|links)|WARNING: .*(root|cache)|\s*$|\[notice\]"
    r"|\s+(Not uninstalling|Can't uninstall|Attempting uninstall)"
)
#: " in /folder": where something is on the site's machine.
PLACE = re.compile(r" in /\S+")
ADDRESS = re.compile(r"(https?|file)://\S+")
NOT_FOUND = re.compile(r"No matching distribution found for (?P<what>.+)")
CONFLICT = re.compile(r"The conflict is caused by:\n(?P<lines>(?:    .+\n)+)")
INCOMPATIBLE = re.compile(
    r"^(\S+ \S+ requires .+? which is (?:incompatible|not installed)\.)", re.MULTILINE
)
HASHES = re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES|In --require-hashes mode")
OFFLINE = re.compile(r"NewConnectionError|Max retries exceeded|ConnectTimeout|ReadTimeout")
FULL = re.compile(r"No space left on device|File too large")
MEMORY = re.compile(r"MemoryError|Cannot allocate memory")
MOST = 600


def cleaned(line: str) -> str:
    """Return a line of the log without addresses and control characters; empty to leave it out."""
    if HIDDEN.match(line):
        return ""
    plain = "".join(letter for letter in line if letter.isprintable() or letter == " ").rstrip()
    return ADDRESS.sub("(address)", PLACE.sub("", plain)) + "\n"


def reason(log: str, code: int) -> str:
    """Return in words why nothing was made."""
    if found := CONFLICT.search(log):
        lines = "; ".join(_who_wants(line.strip()) for line in found["lines"].splitlines())
        return _short(
            "The packages don't go together with each other or with what every session needs: "
            f"{lines}."
        )
    if found := NOT_FOUND.search(log):
        return _short(
            f"{found['what'].strip()} can't be installed: the package index has no such version "
            "ready-made (a wheel) for this Python. Packages that have to be compiled are not made "
            "here; try another version."
        )
    for pattern, words in (
        (HASHES, "A package does not have the hash that is listed, or one is listed without."),
        (OFFLINE, "The package index does not answer at the moment. Try again later."),
        (FULL, "It needs more room than an environment may have."),
        (MEMORY, "It needs more memory than the making of an environment may have."),
    ):
        if pattern.search(log):
            return words
    errors = [line[7:] for line in log.splitlines() if line.startswith("ERROR: ")]
    if errors:
        return _short(errors[-1])
    return f"It ended without a word (exit code {code})."


def _who_wants(line: str) -> str:
    line = line.replace("The user requested (constraint)", "every session has")
    return line.replace("The user requested", "the list asks for")


def warning(log: str) -> str:
    """Return what pip says does not go together although it was installed."""
    return _short(" ".join(dict.fromkeys(INCOMPATIBLE.findall(log))))


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
