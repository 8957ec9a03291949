"""What a crate of an analysis says: all that its files alone would not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reproducibility.capture.values import Code, Data, Surroundings
from reproducibility.crate.entities import Entities, Read, ids, number, text, texts, types
from reproducibility.crate.terms import (
    ENVIRONMENT,
    NAMELESS,
    REANA,
    RECORDED,
    SPECIFICATION,
    path_of,
)
from reproducibility.crate.values import Output

LONGEST_TEXT, LONGEST_IMAGE = 10_000, 200
MOST_INPUTS, MOST_INPUT_FILES, MOST_PACKAGES = 200, 10_000, 5_000
_SHA256, _ADLER32 = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{1,8}")
#: What a comparison's tolerance is made of, as it is told in a crate.
TOLERANCE = ("rtol", "atol", "statistical", "ignore")


@dataclass(frozen=True, slots=True)
class Taken:
    """An analysis as its crate tells it; `files` are SHA-256 by path, reana.yaml among them."""

    summary: str
    environment: str
    files: Mapping[str, str]
    outputs: tuple[Output, ...]
    inputs: tuple[Data, ...]
    surroundings: Surroundings
    code: Code


def workflow_of(entities: Entities) -> Read:
    """Return the workflow that a crate is about; empty where it is about none."""
    return next(entities.below(entities.root, "mainEntity"), {})


def language_of(entities: Entities) -> str:
    """Return the name of the language that the workflow is written in."""
    told = next(entities.below(workflow_of(entities), "programmingLanguage"), {})
    return text(told.get("name"))[:80]


def taken_from(entities: Entities) -> Taken | None:
    """Return the analysis that a crate holds, if it is one as this portal writes them."""
    workflow = workflow_of(entities)
    is_ours = workflow.get("@id") == SPECIFICATION and REANA in ids(
        workflow.get("programmingLanguage")
    )
    if not is_ours or "ComputationalWorkflow" not in types(workflow):
        return None
    recorded = entities.get(RECORDED)
    return Taken(
        summary=_summary(entities.root),
        environment=_environment(entities, recorded),
        files=dict(_files(entities, workflow)),
        outputs=tuple({each.path: each for each in _outputs(entities, workflow)}.values()),
        inputs=tuple(_inputs(entities, recorded)),
        surroundings=_surroundings(entities),
        code=_code(entities, workflow),
    )


def _summary(root: Read) -> str:
    """Return the description, its lines as they are; one that only repeats the title is none."""
    told = root.get("description")
    if not isinstance(told, str) or told == root.get("name"):
        return ""
    told = told[:LONGEST_TEXT]
    return "".join(each for each in told if each.isprintable() or each in "\n\t")


def _environment(entities: Entities, recorded: Read) -> str:
    told = (text(each.get("identifier")) for each in entities.below(recorded, "containerImage"))
    return ", ".join(filter(None, told))[:LONGEST_IMAGE]


def _files(entities: Entities, workflow: Read) -> Iterator[tuple[str, str]]:
    for entity in (workflow, *entities.below(workflow, "hasPart")):
        yield path_of(str(entity["@id"])), _checksum(entity)


def _outputs(entities: Entities, workflow: Read) -> Iterator[Output]:
    for formal in entities.below(workflow, "output"):
        for entity in entities.below(formal, "workExample"):
            key, size = str(entity["@id"]), number(entity.get("contentSize"))
            is_held = not key.startswith("#")
            path = path_of(key) if is_held else text(entity.get("alternateName"))
            tolerance = {
                name: value
                for name, value in entities.values(entity).items()
                if name in TOLERANCE and value is not None
            }
            yield Output(path, size or 0, _checksum(entity), tolerance, held=is_held)


def _inputs(entities: Entities, recorded: Read) -> Iterator[Data]:
    datasets = [each for each in entities.below(recorded, "object") if "Dataset" in types(each)]
    for entity in datasets[:MOST_INPUTS]:
        files = list(entities.below(entity, "hasPart"))[:MOST_INPUT_FILES]
        yield Data(
            text(entity.get("identifier")),
            text(entity.get("alternateName")),
            tuple(_input_file(entities, each) for each in files),
        )


def _input_file(entities: Entities, entity: Read) -> dict[str, Any]:
    """Return an input's file as a version keeps it."""
    adler32 = text(entities.values(entity).get("adler32"))
    told = {
        "did": text(entity.get("identifier")),
        "bytes": number(entity.get("contentSize")),
        "adler32": adler32 if _ADLER32.fullmatch(adler32) else "",
        "sha256": _checksum(entity),
    }
    path = text(entity.get("alternateName"))
    return told | ({"path": path} if path else {})


def _checksum(entity: Read) -> str:
    told = text(entity.get("sha256"))
    return told if _SHA256.fullmatch(told) else ""


def _surroundings(entities: Entities) -> Surroundings:
    told = entities.get(ENVIRONMENT)
    more, name = entities.values(told), text(told.get("name"))
    return Surroundings(
        slug=text(more.get("slug"))[:80],
        name="" if name == NAMELESS else name[:200],
        lock_sha256=text(more.get("lock_sha256"))[:64],
        interpreter=text(more.get("interpreter"))[:200],
        system=text(told.get("operatingSystem"))[:200],
        processor=text(told.get("processorRequirements"))[:200],
        threads=number(more.get("threads")),
        packages=texts(told.get("softwareRequirements"), MOST_PACKAGES),
    )


def _code(entities: Entities, workflow: Read) -> Code:
    """Return from where the code is; its SWHID is computed when it is saved."""
    more, repository = entities.values(workflow), text(workflow.get("codeRepository"))
    return Code(
        repository=repository[:500] if repository.startswith("https://") else "",
        commit=text(more.get("commit"))[:64],
        dirty=more.get("dirty") is True,
    )
