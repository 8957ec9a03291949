"""What Python code writes, and which paths it names besides."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from reproducibility.capture.folding import ANY, MAX_LENGTH, Folding, called, constants

#: Functions and methods that write, with the place of the path among their arguments.
_WRITING: Mapping[str, int] = {
    "savefig": 0, "to_csv": 0, "to_parquet": 0, "to_hdf": 0, "to_json": 0, "to_excel": 0,
    "to_pickle": 0, "to_feather": 0, "to_netcdf": 0, "to_zarr": 0, "to_latex": 0, "to_html": 0,
    "savez": 0, "savez_compressed": 0, "save": 0, "savetxt": 0, "tofile": 0, "recreate": 0,
    "writeto": 0, "imsave": 0, "imwrite": 0, "write_html": 0, "write_image": 0, "SaveAs": 0,
    "Print": 0, "write_table": 1, "to_buffers": 0, "write_parquet": 0, "write_csv": 0,
    "Snapshot": 1, "save_model": 0,
}  # fmt: skip
_WRITING_RECEIVER = frozenset({"write_text", "write_bytes", "touch"})
#: What opens a file to read or write, by the mode that stands behind the path.
_OPENING = frozenset({"open", "File", "TFile", "Open", "ZipFile", "HDFStore", "Dataset"})
_PATH_KEYWORDS = frozenset(
    {"path", "filename", "fname", "file", "path_or_buf", "filepath", "name", "path_or_buffer"}
)
_MODE_KEYWORDS = frozenset({"mode", "option"})
#: ROOT's words for files that are written.
_ROOT_MODES = frozenset({"RECREATE", "UPDATE", "NEW", "CREATE"})
_MOST_MENTIONS = 5_000


@dataclass(frozen=True, slots=True)
class Usage:
    """Patterns of paths: those that are written, and all that are named, those among them."""

    writes: tuple[str, ...]
    mentions: tuple[str, ...]


def usage(
    path: str, module: ast.Module, *, given: Mapping[str, str], options: Mapping[str, str]
) -> Usage:
    """Return what a file's code writes and names.

    `given` are names whose values come from outside, such as a notebook's parameters; `options`
    the defaults of options by their attribute.
    """
    # Twice: the second time a constant may be made of others.
    names = constants(module, Folding(path, given, options))
    names = constants(module, Folding(path, {**names, **given}, options))
    folding = Folding(path, {**names, **given}, options)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    writes = dict.fromkeys(each for call in calls for each in _written(call, folding))
    mentions = dict.fromkeys(chain(_mentioned(module, folding), given.values(), options.values()))
    return Usage(_paths(writes), _paths(mentions))


def _written(call: ast.Call, folding: Folding) -> Iterator[str]:
    name, receiver = called(call)
    if name in _WRITING:
        yield folding.path(_argument(call, _WRITING[name], _PATH_KEYWORDS))
    elif name in _WRITING_RECEIVER and receiver is not None:
        yield folding.path(receiver)
    elif name in _OPENING:
        yield from _opened(call, receiver, folding)


def _opened(call: ast.Call, receiver: ast.expr | None, folding: Folding) -> Iterator[str]:
    first = _argument(call, 0, _MODE_KEYWORDS)
    if receiver is not None and (first is None or _is_mode(first)):  # path.open("w")
        if _writes(first):
            yield folding.path(receiver)
    elif _writes(_argument(call, 1, _MODE_KEYWORDS)):
        yield folding.path(_argument(call, 0, _PATH_KEYWORDS))


def _writes(mode: ast.expr | None) -> bool:
    if not (isinstance(mode, ast.Constant) and isinstance(mode.value, str)):
        return False
    if _is_mode(mode):
        return bool(set(mode.value) & set("wax"))
    return mode.value.upper() in _ROOT_MODES


def _is_mode(node: ast.expr | None) -> bool:
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return False
    return 0 < len(node.value) <= 4 and set(node.value) <= set("rwaxbtU+-")


def _argument(call: ast.Call, place: int, keywords: frozenset[str]) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg in keywords:
            return keyword.value
    return call.args[place] if place < len(call.args) else None


def _mentioned(module: ast.Module, folding: Folding) -> Iterator[str]:
    joined = ast.Constant | ast.BinOp | ast.JoinedStr | ast.Call
    for node in ast.walk(module):
        if isinstance(node, joined):
            yield folding.path(node)


def _paths(found: Mapping[str, None]) -> tuple[str, ...]:
    """Return what may be a path: on one line, not empty, and not unknown as a whole."""
    return tuple(
        each
        for each in found
        if 0 < len(each) <= MAX_LENGTH and each.strip(f"{ANY}/. ") and each.isprintable()
    )[:_MOST_MENTIONS]
