"""What a crate is made of: code, inputs as references, parameters, recorded outputs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote

from reproducibility.capture.values import Data, Parameter
from reproducibility.crate.graph import Graph
from reproducibility.crate.terms import PARAMETER, Entity, local, named, ref
from reproducibility.crate.values import CodeFile, Contents, Extra, Output

#: The type of a parameter by its default's, in the words of the profile.
TYPES: Mapping[type, str] = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Made:
    """References to the entities that were added.

    `takes` and `gives` are the workflow's formal parameters, `values` what the recorded run got.
    `held` are the outputs that lie in the crate, `outputs` all of them by their paths.
    """

    takes: list[Entity]
    gives: list[Entity]
    values: list[Entity]
    inputs: list[Entity]
    files: list[Entity]
    held: list[Entity]
    outputs: Mapping[str, Entity]


def add(graph: Graph, contents: Contents) -> Made:
    """Add all parts."""
    site = contents.site_url
    takes = [_parameter(graph, each) for each in contents.parameters]
    values = [_value(graph, each) for each in contents.parameters]
    takes += [
        _formal(graph, "input", data.did, "Dataset", _address(site, data.did))
        for data in contents.inputs
    ]
    inputs = [_input(graph, data, site) for data in contents.inputs]
    files = [_file(graph, each) for each in contents.files]
    outputs = {each.path: _output(graph, each) for each in contents.outputs}
    gives = [
        _formal(graph, "output", path, "File", entity["@id"]) for path, entity in outputs.items()
    ]
    held = [outputs[each.path] for each in contents.outputs if each.held]
    return Made(takes, gives, values, inputs, files, held, outputs)


def add_extra(graph: Graph, extra: Extra) -> Entity:
    """Add a file that was written for the crate."""
    return graph.add(
        local(extra.path), "File",
        name=extra.name,
        encodingFormat=extra.encoding,
        contentSize=str(len(extra.content)),
        sha256=sha256(extra.content).hexdigest(),
        about=ref(extra.about) if extra.about else None,
    )  # fmt: skip


def _formal(graph: Graph, kind: str, name: str, type_: str, example: str) -> Entity:
    return graph.add(
        named(kind, name), "FormalParameter",
        name=name,
        additionalType=type_,
        valueRequired=kind == "input",
        conformsTo=ref(PARAMETER),
        workExample=ref(example),
    )  # fmt: skip


def _parameter(graph: Graph, parameter: Parameter) -> Entity:
    default = parameter.default
    return graph.add(
        named("parameter", parameter.name), "FormalParameter",
        name=parameter.name,
        description=parameter.comment,
        additionalType=TYPES.get(type(default), "Text"),
        defaultValue=_plain(default),
        valueRequired=False,
        conformsTo=ref(PARAMETER),
        workExample=ref(named("value", parameter.name)),
    )  # fmt: skip


def _value(graph: Graph, parameter: Parameter) -> Entity:
    of = ref(named("parameter", parameter.name))
    key, value = named("value", parameter.name), _plain(parameter.default)
    return graph.value(key, parameter.name, value, exampleOfWork=of)


def _plain(value: Any) -> str | int | float | bool:
    """Return a value as JSON-LD has it; what is no single value becomes its JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str | int | float):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _address(site: str, did: str) -> str:
    """Return where a DID is looked at: the bytes are not in the crate."""
    return f"{site}/data/{quote(did, safe='/:')}"


def _input(graph: Graph, data: Data, site: str) -> Entity:
    files = [_input_file(graph, each, site) for each in data.files]
    return graph.add(
        _address(site, data.did), "Dataset",
        name=data.did,
        identifier=data.did,
        description="Data of the lake: the crate names them and holds no copy.",
        alternateName=data.folder,
        exampleOfWork=ref(named("input", data.did)),
        hasPart=files,
    )  # fmt: skip


def _input_file(graph: Graph, told: Mapping[str, Any], site: str) -> Entity:
    did, size = str(told["did"]), told.get("bytes")
    checksum = str(told.get("adler32") or "")
    sums = [graph.value(named("adler32", checksum), "adler32", checksum)] if checksum else []
    return graph.add(
        _address(site, did), "File",
        name=did,
        identifier=did,
        alternateName=told.get("path"),
        encodingFormat=_encoding(did),
        contentSize=None if size is None else str(size),
        sha256=told.get("sha256"),
        additionalProperty=sums,
    )  # fmt: skip


def _file(graph: Graph, file: CodeFile) -> Entity:
    return graph.add(
        local(file.path), "File",
        name=file.path,
        encodingFormat=_encoding(file.path),
        contentSize=str(file.size),
        sha256=file.sha256,
    )  # fmt: skip


def _output(graph: Graph, output: Output) -> Entity:
    return graph.add(
        local(output.path) if output.held else named("absent", output.path), "File",
        name=output.path,
        alternateName=None if output.held else output.path,
        description="" if output.held else "Known by its checksum; too large to be in the crate.",
        encodingFormat=_encoding(output.path),
        contentSize=str(output.size),
        sha256=output.sha256,
        exampleOfWork=ref(named("output", output.path)),
        additionalProperty=list(_tolerance(graph, output)),
    )  # fmt: skip


def _tolerance(graph: Graph, output: Output) -> Iterator[Entity]:
    """Yield what may differ in an output, a value each, by the names that the comparison has."""
    for name, value in output.tolerance.items():
        if value:
            yield graph.value(named(name, output.path), name, value)


def _encoding(path: str) -> str:
    return guess_type(path, strict=False)[0] or BINARY
