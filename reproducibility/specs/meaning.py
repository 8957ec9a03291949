"""What no schema sees in a reana.yaml: names that lead nowhere, files that are not there."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from string import Template
from typing import Any

from reproducibility.capture.values import Fault
from reproducibility.gherkin.reading import syntax_faults
from reproducibility.specs.loading import Document, Path, cut, written
from reproducibility.specs.tolerant import at, items, mapping

#: Characters of a command that show which place in it is meant.
SHOWN = 12
STEPS = ("workflow", "specification", "steps")


def faults(document: Document, files: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong in a document that is at least a mapping."""
    if at(document.value, "workflow", "type") == "serial":
        yield from _steps(document)
        yield from _parameters(document)
    yield from _workflow_file(document, files)
    yield from _inputs(document, files)
    yield from _outputs(document)
    yield from _tests(document, files)


def outside(path: str) -> bool:
    """Whether a path leads out of the workspace."""
    normal = posixpath.normpath(path)
    return path.startswith(("/", "~")) or normal == ".." or normal.startswith("../")


def _steps(document: Document) -> Iterator[Fault]:
    if not items(at(document.value, *STEPS)):
        yield _fault(document, STEPS, "The serial workflow has no steps: nothing would run.")
    seen: dict[str, int | None] = {}
    for number, step in enumerate(items(at(document.value, *STEPS))):
        name = mapping(step).get("name")
        if not isinstance(name, str):
            continue
        path = (*STEPS, number, "name")
        if name in seen:
            before = f" in line {seen[name]}" if seen[name] else ""
            yield _fault(document, path, f"Another step is named {cut(name)}{before}: rename one.")
        seen.setdefault(name, document.line(path))


def _parameters(document: Document) -> Iterator[Fault]:
    declared = {str(name) for name in mapping(at(document.value, "inputs", "parameters"))}
    used: set[str] = set()
    for path, command in _commands(document):
        lone: list[int] = []
        for found in Template.pattern.finditer(command):
            name = found["named"] or found["braced"]
            if name:
                used.add(name)
                if name not in declared:
                    yield _fault(document, path, _undeclared(cut(name), cut(found.group())))
            elif not found["escaped"]:
                lone.append(found.start())
        if lone:
            yield _fault(document, path, _lone(command, lone))
    for name in sorted(declared - used):
        reason = (
            f"No command uses {cut(name)}: write ${{{cut(name)}}} where it is meant, or remove it."
        )
        yield _fault(document, ("inputs", "parameters", name), reason, hint=True)


def _lone(command: str, places: list[int]) -> str:
    """Tell the first of the dollar signs that begin no parameter, and how many more there are."""
    first = command[places[0] : places[0] + SHOWN].partition("\n")[0]
    rest = f" So must {len(places) - 1} more in this command." if len(places) > 1 else ""
    return f"{first}: a dollar sign that begins no parameter must be doubled: $$.{rest}"


def _undeclared(name: str, written: str) -> str:
    return (
        f"{written} is not declared: add {name} to inputs.parameters, "
        f"or write ${written} if the shell is to see it."
    )


def _commands(document: Document) -> Iterator[tuple[Path, str]]:
    for number, step in enumerate(items(at(document.value, *STEPS))):
        for place, command in enumerate(items(mapping(step).get("commands"))):
            if isinstance(command, str):
                yield (*STEPS, number, "commands", place), command


def _workflow_file(document: Document, files: Collection[str]) -> Iterator[Fault]:
    path = at(document.value, "workflow", "file")
    if isinstance(path, str) and posixpath.normpath(path) not in files:
        yield _fault(document, ("workflow", "file"), _absent(path))


def _inputs(document: Document, files: Collection[str]) -> Iterator[Fault]:
    for place, path in _paths(document, "inputs", "files"):
        if outside(path):
            yield _fault(document, place, _leads_out(path))
        elif posixpath.normpath(path) not in files and not _in_folder_from_elsewhere(path, files):
            yield _fault(document, place, _absent(path))
    for place, path in _paths(document, "inputs", "directories"):
        if outside(path):
            yield _fault(document, place, _leads_out(path))
        elif not _is_folder(path, files):
            yield _fault(document, place, _absent(path))


def _outputs(document: Document) -> Iterator[Fault]:
    declared = [*_paths(document, "outputs", "files"), *_paths(document, "outputs", "directories")]
    if not declared:
        reason = "No output is declared: nothing could be compared. Add outputs.files."
        yield _fault(document, ("outputs",), reason)
    for place, path in declared:
        if outside(path):
            yield _fault(document, place, _leads_out(path))


def _tests(document: Document, files: Collection[str]) -> Iterator[Fault]:
    for place, path in _paths(document, "tests", "files"):
        if outside(path):
            yield _fault(document, place, _leads_out(path))
        elif posixpath.normpath(path) not in files:
            yield _fault(document, place, _absent(path))
        elif (
            isinstance(files, Mapping) and (content := files[posixpath.normpath(path)]) is not None
        ):
            for line, reason in syntax_faults(_text(content)):
                yield _fault(document, place, f"{cut(path)}, line {line}: {reason}")


def _paths(document: Document, *keys: str) -> Iterator[tuple[Path, str]]:
    for number, path in enumerate(items(at(document.value, *keys))):
        if isinstance(path, str):
            yield (*keys, number), path


def _is_folder(path: str, files: Collection[str]) -> bool:
    folder = posixpath.normpath(path) + "/"
    return folder == "./" or any(
        each.startswith(folder) or (each.endswith("/") and folder.startswith(each))
        for each in files
    )


def _in_folder_from_elsewhere(path: str, files: Collection[str]) -> bool:
    return any(each.endswith("/") and posixpath.normpath(path).startswith(each) for each in files)


def _absent(path: str) -> str:
    return f"{cut(path)} is not among the files: add it, or correct its path."


def _leads_out(path: str) -> str:
    return f"{cut(path)} leads out of the workspace: give a path relative to its root."


def _text(content: Any) -> str:
    return content if isinstance(content, str) else bytes(content).decode(errors="replace")


def _fault(document: Document, path: Path, reason: str, *, hint: bool = False) -> Fault:
    return Fault(document.line(path), written(path), reason, hint=hint)
