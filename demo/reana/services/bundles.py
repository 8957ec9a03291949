"""Bundles: the ZIP with reana.yaml at its root and the files it names, as newer clients send it."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from demo.reana.errors import Malformed, TooLarge
from demo.reana.workspace.paths import parts_of

SPECIFICATION = "reana.yaml"
MOST_FILES = 1000
MOST_BYTES = 100 << 20
MOST_SPECIFICATION_BYTES = 1 << 20
#: YAML's anchors can make a short text a huge document; nobody writes one with so many values,
#: and without anchors none has so many characters.
MOST_VALUES = 100_000
MOST_CHARACTERS = 2 * MOST_SPECIFICATION_BYTES
#: The list of members at an archive's end: a kilobyte for each file.
MOST_DIRECTORY_BYTES = MOST_FILES << 10
#: Where that list's length stands, before a comment of 64 KiB at most; larger archives than a
#: bundle may be have it a second time, which counts.
END_BYTES = 20 + 22 + (1 << 16)
END = re.compile(rb"(?=PK\x05\x06.{8}(.{4}))", re.DOTALL)
SECOND_END = re.compile(rb"PK\x06\x07.{16}PK\x05\x06", re.DOTALL)
#: The bit of a ZIP member that needs a password.
ENCRYPTED = 0x1
#: Engines whose parameters may stand in a file of their own.
PARAMETER_FILES = frozenset({"cwl", "snakemake"})

Put = Callable[[str, Path], None]


class Bundle:
    """An open bundle, whose names and sizes are checked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = _checked_members(archive)
        text = self._text(SPECIFICATION)
        self.specification = self._with_parameters(load_yaml(text))

    def unpack(self, scratch: Path, put: Put) -> None:
        """Hand over each file by its name, as a complete file in the scratch folder."""
        for name, member in self._members.items():
            descriptor, part = tempfile.mkstemp(dir=scratch)
            try:
                with os.fdopen(descriptor, "wb") as target, self._archive.open(member) as source:
                    shutil.copyfileobj(source, target)
                Path(part).chmod(0o644)
                put(name, Path(part))
            finally:
                Path(part).unlink(missing_ok=True)

    def _text(self, name: str) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise Malformed(f"The bundle has no {name}.")
        if member.file_size > MOST_SPECIFICATION_BYTES:
            raise TooLarge(f"{name} is larger than 1 MiB.")
        return self._archive.read(member)

    def _with_parameters(self, document: Any) -> Any:
        """Return the specification with the parameters of the file that it names for them."""
        if not isinstance(document, dict) or not isinstance(document.get("workflow"), dict):
            return document
        name = _parameter_file(document)
        if name is None:
            return document
        inputs = document.get("inputs") or {}
        parameters = load_yaml(self._text("/".join(parts_of(name))))
        return {**document, "inputs": {**inputs, "parameters": parameters or {}}}


@contextmanager
def open_bundle(stream: IO[bytes]) -> Iterator[Bundle]:
    """Open a bundle.

    Raises
    ------
    Malformed
        It is no ZIP, lacks reana.yaml, or holds a path that leads out of a workspace.
    TooLarge
        It has more files or bytes than a bundle may have.
    """
    _check_directory(stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            yield Bundle(archive)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as exc:
        raise Malformed("The bundle is not a readable ZIP archive.") from exc


def load_yaml(text: bytes) -> Any:
    """Return a YAML document as JSON would hold it.

    Raises
    ------
    Malformed
        The text is not YAML, or unfolds to more values than any specification has.
    """
    try:
        document = _constructed(yaml.SafeLoader(text))
        return json.loads(json.dumps(document, default=str, allow_nan=False))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        raise Malformed("The specification is not valid YAML.") from exc


def _check_directory(stream: IO[bytes]) -> None:
    """Refuse a long list of members unread: the library keeps all of it before one can count."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - END_BYTES))
    tail = stream.read()
    lengths = (int.from_bytes(found[1], "little") for found in END.finditer(tail))
    if SECOND_END.search(tail) or any(length > MOST_DIRECTORY_BYTES for length in lengths):
        raise TooLarge(f"A bundle may have {MOST_FILES} files.")


def _checked_members(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_FILES:
        raise TooLarge(f"A bundle may have {MOST_FILES} files.")
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise TooLarge("The files of a bundle may have 100 MiB in all.")
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        plain = kind in {0, stat.S_IFREG} and not member.flag_bits & ENCRYPTED
        # Others unpack a whole block at once, whatever it becomes.
        plain &= member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        if not plain or member.filename.startswith("/"):
            raise Malformed(f"{member.filename!r} is not a plain file inside the bundle.")
    return {"/".join(parts_of(member.filename)): member for member in members}


def _parameter_file(document: Mapping[str, Any]) -> str | None:
    workflow = document["workflow"]
    if workflow.get("type") not in PARAMETER_FILES:
        return None
    newer, older = workflow.get("parameters"), (document.get("inputs") or {}).get("parameters")
    for parameters, key in ((newer, "file"), (older, "input")):
        if isinstance(parameters, dict) and isinstance(parameters.get(key), str):
            return str(parameters[key])
    return None


def _constructed(loader: yaml.SafeLoader) -> Any:
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _check_weight(root)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _check_weight(root: Node) -> None:
    """Refuse what unfolds too far before any value is made of it: merged keys unfold there."""
    waiting, values, characters = [root], 0, 0
    while waiting:
        node = waiting.pop()
        inner = _inner(node)
        values += len(inner)
        characters += len(node.value) if isinstance(node, ScalarNode) else 0
        if values > MOST_VALUES or characters > MOST_CHARACTERS:
            raise ValueError("too large once unfolded")
        waiting += inner


def _inner(node: Node) -> Sequence[Node]:
    if isinstance(node, MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, SequenceNode) else ()
