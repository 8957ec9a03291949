"""An analysis proposed from what was found: what runs, reads, gives, and what people read of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reproducibility.capture import acceptance, declared, environments, roles, specifying
from reproducibility.capture.commands import commands, executed
from reproducibility.capture.declared import Declared
from reproducibility.capture.describing import Description, described
from reproducibility.capture.entries import candidates
from reproducibility.capture.kinds import NOTEBOOK, is_code, is_hidden, text_of
from reproducibility.capture.options import Told
from reproducibility.capture.reading import Entry, entry_of, modules_of, needs_of
from reproducibility.capture.trees import Tree
from reproducibility.capture.values import Found, FoundFile, Proposal, Role
from reproducibility.specs.checking import check

NO_LICENCE = "No licence was recognised: without one nobody may use the analysis."
#: More files of one folder than this are declared by the folder.
_FEW = 50
_FIRST = 3


def propose(found: Found) -> Proposal:
    """Return the analysis that the files propose, with notes about all that was guessed or missing.

    A reana.yaml at the root is kept byte for byte. Otherwise the likeliest entry is run by one
    serial step. Where nothing can be run the specification is empty.
    """
    files = {file.path: file for file in found.files}
    written = declared.found_in(files)
    if written is not None:
        return _kept(found, files, declared.read((written.content or b"").decode()))
    modules = modules_of(files)
    entries = candidates(files, modules)
    path = found.entry if found.entry in files else next(iter(entries), "")
    if not path:
        return _nothing_runs(found)
    tree = Tree(files)
    entry = entry_of(path, files, modules, tree)
    needs = needs_of(entry, files, modules, tree)
    sorted_ = roles.sort(found, entry, needs, tree)
    return _proposed(_Pieces(found, files, entry, tuple(entries), sorted_))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """All that is known when a proposal is put together."""

    found: Found
    files: Mapping[str, FoundFile]
    entry: Entry
    entries: tuple[str, ...]
    sorted: roles.Sorted

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs, the executed copy of a notebook among them."""
        path = self.entry.path
        copy = (executed(path),) if PurePosixPath(path).suffix == NOTEBOOK else ()
        return tuple(dict.fromkeys([*self.sorted.outputs, *copy]))


def _proposed(pieces: _Pieces) -> Proposal:
    found, entry = pieces.found, pieces.entry
    about = _description(found, entry)
    image, image_notes = environments.image(
        entry.path, found.surroundings, pieces.files, entry.notebook
    )
    tests = {acceptance.PATH: acceptance.write(about.title, pieces.outputs, pieces.files)}
    return Proposal(
        specification=specifying.write(_plan(pieces, image, tuple(tests))),
        roles=pieces.sorted.roles,
        tests=tests,
        title=about.title,
        summary=about.summary,
        licence=about.licence,
        authors=about.authors,
        environment=image,
        entry=entry.path,
        entries=tuple(dict.fromkeys((entry.path, *pieces.entries))),
        parameters=tuple(each.parameter for each in entry.told.arguments),
        notes=tuple(_notes(pieces, about, image_notes)),
    )


def _plan(pieces: _Pieces, image: str, tests: tuple[str, ...]) -> specifying.Plan:
    entry, data = pieces.entry, pieces.found.data
    arguments = entry.told.arguments
    needed = [
        path
        for path, role in pieces.sorted.roles.items()
        if (role is Role.CODE and is_code(path)) or role is Role.INPUT
    ]
    folders = {each.folder.strip("/") for each in data if each.folder.strip("/")}
    many = _folders_of_many([path for path in needed if not is_code(path)])
    inside = tuple(f"{folder}/" for folder in folders | many)
    return specifying.Plan(
        step=environments.stem(entry.path),
        commands=tuple(
            commands(
                entry.path, arguments, folder=entry.folder, notebook=entry.notebook,
                outputs=pieces.sorted.outputs,
            )
        ),
        image=image,
        files=tuple(sorted(path for path in needed if not path.startswith(inside))),
        directories=tuple(sorted(folders | many)),
        parameters=tuple(each.parameter for each in arguments),
        outputs=pieces.outputs,
        tests=tests,
    )  # fmt: skip


def _folders_of_many(paths: list[str]) -> set[str]:
    counted: dict[str, int] = {}
    for path in paths:
        folder = str(PurePosixPath(path).parent)
        counted[folder] = counted.get(folder, 0) + 1
    return {folder for folder, count in counted.items() if count > _FEW and folder != "."}


def _notes(pieces: _Pieces, about: Description, image_notes: tuple[str, ...]) -> Iterator[str]:
    found, entry = pieces.found, pieces.entry
    others = [path for path in pieces.entries if path != entry.path]
    if others and not found.entry:
        yield (
            f"{entry.path} is taken as what runs; it could also be {_listed(others)}, "
            "or several of them in turn: add a step for each then."
        )
    if any(PurePosixPath(path).name == "Snakefile" for path in pieces.files):
        yield "There is a Snakefile: to run it, write workflow.type snakemake and workflow.file."
    if entry.folder:
        yield f"The code is run in {entry.folder}, as the paths that it names count from there."
    yield from entry.told.notes
    yield from pieces.sorted.notes
    yield from _unread_data(pieces)
    yield from image_notes
    yield from _missing_description(about)


def _listed(paths: list[str]) -> str:
    more = len(paths) - _FIRST
    first = ", ".join(paths[:_FIRST])
    return f"{first} or {more} others" if more > 0 else first


def _unread_data(pieces: _Pieces) -> Iterator[str]:
    code = "\n".join(
        text_of(file)
        for path, file in pieces.files.items()
        if pieces.sorted.roles[path] is Role.CODE and is_code(path)
    )
    for data in pieces.found.data:
        if data.folder.strip("/") not in code:
            yield f"{data.did} is declared as an input, though no code names {data.folder}."


def _missing_description(about: Description) -> Iterator[str]:
    if not about.licence:
        yield NO_LICENCE
    if not about.authors:
        yield "No authors were found: name them, with their ORCID."


def _description(found: Found, entry: Entry) -> Description:
    visible = [file for file in found.files if not is_hidden(file.path)]
    heading = entry.notebook.heading if entry.notebook else ""
    fallback = PurePosixPath(entry.path).stem.replace("_", " ").replace("-", " ").strip()
    return (
        Description(title=found.title.strip(), authors=found.authors)
        .or_else(described(visible))
        .or_else(Description(title=heading[:200]))
        .or_else(Description(title=fallback.capitalize() or "Analysis"))
    )


def _kept(found: Found, files: Mapping[str, FoundFile], told: Declared) -> Proposal:
    about = _description(found, Entry("analysis", Told()))
    tests = {path: text_of(files[path]) for path in told.tests if path in files}
    entries = [path for path in files if is_code(path) and _named_in(path, told.commands)]
    by_role = {path: _role_in_kept(file, found, told) for path, file in files.items()}
    return Proposal(
        specification=told.text,
        roles=by_role,
        tests=tests,
        title=about.title,
        summary=about.summary,
        licence=about.licence,
        authors=about.authors,
        environment=next(iter(told.images), found.surroundings.image),
        entry=next(iter(entries), ""),
        entries=tuple(entries),
        parameters=told.parameters,
        notes=tuple(_notes_on_kept(found, files, told, about)),
    )


def _role_in_kept(file: FoundFile, found: Found, told: Declared) -> Role:
    if file.did or roles.from_lake(file.path, found.data):
        return Role.INPUT
    # Also one that is too large: what is declared is needed, and saving says what to do.
    return told.role(file)


def _named_in(path: str, lines: tuple[str, ...]) -> bool:
    return any(path in line for line in lines)


def _notes_on_kept(
    found: Found, files: Mapping[str, FoundFile], told: Declared, about: Description
) -> Iterator[str]:
    yield "reana.yaml was found and is kept as it is: it says what runs, reads and gives."
    there = {path: file.content for path, file in files.items()}
    there |= {f"{each.folder.strip('/')}/": None for each in found.data}
    faults = [each for each in check(told.text, files=there) if not each.hint]
    for fault in faults[:_FIRST]:
        line = f", line {fault.line}" if fault.line else ""
        yield f"reana.yaml{line}: {fault.reason}"
    for path, file in files.items():
        if file.content is None and path in told.files:
            yield roles.too_large(file)
    if len(told.images) > 1:
        yield f"Its steps run in {len(told.images)} images; {told.images[0]} is the first."
    if not told.tests:
        yield "It has no tests: add a feature file, so that a run can be judged."
    yield from _missing_description(about)


def _nothing_runs(found: Found) -> Proposal:
    about = _description(found, Entry("analysis", Told()))
    note = "No notebook or script was found that could run: choose a folder that has one."
    return Proposal(
        specification="",
        roles={file.path: Role.LEFT_OUT for file in found.files},
        tests={},
        title=about.title,
        summary=about.summary,
        licence=about.licence,
        authors=about.authors,
        environment=found.surroundings.image,
        notes=(note,),
    )
