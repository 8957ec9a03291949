"""How two runs differ: their specifications, and the files of their workspaces."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from pprint import pformat
from typing import Any

from demo.reana.errors import Malformed
from demo.reana.values import Workflow
from demo.reana.workspace.listing import list_files
from demo.reana.workspace.paths import open_file

#: Larger files are said to differ, without the lines.
TEXT_LIMIT = 1 << 20


def specification_diff(first: Workflow, second: Workflow) -> str:
    """Return the differing lines of each section, as JSON."""
    one, two = _sections(first), _sections(second)
    sections = dict.fromkeys([*one, *two])
    return json.dumps(
        {
            name: list(
                difflib.unified_diff(
                    pformat(one.get(name, "")).splitlines(), pformat(two.get(name, "")).splitlines()
                )
            )[2:]
            for name in sections
        }
    )


def workspace_diff(
    first: tuple[str, Path], second: tuple[str, Path], *, brief: bool, context: int
) -> str:
    """Return what differs between two workspaces (name, folder), as `diff -r` words it."""
    for name, folder in (first, second):
        if not folder.is_dir():
            raise Malformed(f"The workspace of {name} does not exist.")
    lines = _differences(first, second, brief=brief, context=context)
    return json.dumps("\n".join(lines))


def _sections(workflow: Workflow) -> Mapping[str, Any]:
    specification = dict(workflow.specification)
    inputs = dict(specification.get("inputs") or {})
    return {**specification, "inputs": {**inputs, "parameters": dict(workflow.parameters)}}


def _differences(
    first: tuple[str, Path], second: tuple[str, Path], *, brief: bool, context: int
) -> Iterator[str]:
    (name, one), (other, two) = first, second
    ours = {entry.name for entry in list_files(one)}
    theirs = {entry.name for entry in list_files(two)}
    for path in sorted(ours | theirs):
        if path not in theirs:
            yield f"Only in {name}: {path}"
        elif path not in ours:
            yield f"Only in {other}: {path}"
        else:
            if _digest(one, path) == _digest(two, path):
                continue
            before, after = (None, None) if brief else (_text(one, path), _text(two, path))
            if before is None or after is None:
                yield f"Files {name}/{path} and {other}/{path} differ"
                continue
            labels = f"{name}/{path}", f"{other}/{path}"
            yield from difflib.unified_diff(before, after, *labels, n=context, lineterm="")


def _digest(root: Path, name: str) -> bytes:
    with os.fdopen(open_file(root, name), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _text(root: Path, name: str) -> list[str] | None:
    """Return a file's lines, None when it is large or not text."""
    with os.fdopen(open_file(root, name), "rb") as stream:
        content = stream.read(TEXT_LIMIT + 1)
    if len(content) > TEXT_LIMIT or b"\0" in content:
        return None
    try:
        return content.decode().splitlines()
    except UnicodeDecodeError:
        return None
