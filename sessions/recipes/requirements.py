"""requirements.txt: names, versions and hashes, and nothing that leads elsewhere.

pip would read much more: other indexes, folders of the machine, repositories, variables. What is
given to it is therefore written anew from what was understood here, never the person's own text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement

from sessions.recipes.lines import LONGEST_LINE, MOST_LINES, refused, shown

INCLUDED = re.compile(r"(?:-r|--requirement)(?:\s+|=|(?<=-r))(?P<path>\S+)")
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
COMMENT = re.compile(r"(^|\s)#.*$")
ARCHIVE = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2")
REPOSITORY = re.compile(r"(git|hg|svn|bzr)\+")

#: Options of pip that people have in their files, and what to do instead.
OPTIONS = {
    "-e": "packages in development can't be installed here; publish it, or install it in a session",
    "--editable": "packages in development can't be installed here",
    "-i": "the site chooses the package index",
    "--index-url": "the site chooses the package index",
    "--extra-index-url": "the site chooses the package index",
    "--no-index": "the site chooses the package index",
    "-f": "packages come from the site's index only",
    "--find-links": "packages come from the site's index only",
    "--trusted-host": "the site chooses the package index",
    "-c": "write the version behind the package's name instead of a file of constraints",
    "--constraint": "write the version behind the package's name instead of a file of constraints",
}


def parse(
    text: str, *, name: str = "requirements.txt", others: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return the requirements, each in its plain form and once.

    `others` are further files by path, which ``-r`` may name, each one time: by including again
    and again what includes in its turn, a few short files make lines without end.

    Raises
    ------
    InvalidRequest
        Something that is not a package of the index; the text has the file and the line.
    """
    found: dict[str, None] = {}
    for count, (number, line) in enumerate(_all_lines(text, name, others or {}, {name}), 1):
        found[line] = None
        if count > MOST_LINES:
            raise refused(name, number, f"list at most {MOST_LINES} packages.")
    return tuple(found)


def _all_lines(
    text: str, name: str, others: Mapping[str, str], seen: set[str]
) -> Iterator[tuple[int, str]]:
    for number, line in logical_lines(text):
        included = INCLUDED.fullmatch(line)
        if included is None:
            yield number, _one(line, name, number)
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), included["path"]))
        if path not in others:
            raise refused(name, number, f"there is no file '{shown(path)}' beside it.")
        if path in seen:
            raise refused(name, number, f"'{shown(path)}' is included already.")
        seen.add(path)
        yield from _all_lines(others[path], path, others, seen)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line without its comment, joined where it goes on, with its first number.

    Blanks in a row are one: patterns for them take a time that grows with the square of their
    number.
    """
    joined, first = "", 0
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        first = first or number
        bare = COMMENT.sub("", line)
        if bare.endswith("\\") and bare == line.rstrip():
            joined += bare[:-1] + " "
            continue
        joined += bare
        if whole := " ".join(joined.split()):
            yield first, whole
        joined, first = "", 0
    if whole := " ".join(joined.split()):
        yield first, whole


def _one(line: str, name: str, number: int) -> str:
    if line.startswith("-"):
        option = re.split(r"[\s=]", line, maxsplit=1)[0]
        option = next((known for known in ("-e", "-i", "-f", "-c") if line.startswith(known)
                       and not line.startswith("--")), option)  # fmt: skip
        why = OPTIONS.get(option, "options of pip can't be used here; list only packages")
        raise refused(name, number, f"{shown(option)}: {why}.")
    written, *options = re.split(r" (?=--)", line)
    if len(written) > LONGEST_LINE:
        raise refused(name, number, f"a line may have at most {LONGEST_LINE} characters.")
    for option in options:
        if not HASH.fullmatch(option):
            raise refused(name, number, f"{shown(option)}: of options only --hash can be used.")
    return " ".join([requirement(written, name, number), *options])


def requirement(written: str, name: str, number: int) -> str:
    """Return one requirement in its plain form, or refuse the line."""
    if REPOSITORY.search(written):
        raise refused(name, number, "packages in repositories can't be installed; use the index.")
    if "://" in written or " @ " in written:
        raise refused(name, number, "addresses can't be installed; give the package's name.")
    is_path = written.startswith((".", "/", "~")) or written.lower().endswith(ARCHIVE)
    if is_path or "/" in written or "\\" in written:
        raise refused(name, number, f"'{shown(written)}' is a file; give a package's name.")
    try:
        read = Requirement(written)
    except (InvalidRequirement, RecursionError) as exc:
        raise refused(
            name, number, f"'{shown(written)}' is not a package with its version."
        ) from exc
    if read.url:
        raise refused(name, number, "addresses can't be installed; give the package's name.")
    return str(read)
