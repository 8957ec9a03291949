"""The container images that a specification names, whatever its engine."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: How the engines' own files name an image: a Snakefile, a CWL tool, a yadage step.
IN_FILES = (
    re.compile(r"""^\s*(?:container|singularity)\s*:\s*["']([^"'\n]+)["']""", re.MULTILINE),
    re.compile(r"""\bdockerPull["']?\s*:\s*["']?([^\s"',}]+)"""),
)
IN_YADAGE = re.compile(
    r"""\bimage["']?\s*:\s*["']?([^\s"',}]+)["']?,?\s*["']?imagetag["']?\s*:\s*["']?([^\s"',}]+)"""
)
PREFIX = "docker://"


def images_of(specification: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the images of a specification's steps, in order, each once."""
    workflow = specification["workflow"]
    loaded = workflow.get("specification") or {}
    if workflow["type"] in {"serial", "snakemake"}:
        steps = loaded.get("steps") or []
        found = [str(step.get("environment") or "") for step in steps]
    else:
        found = list(_in_document(loaded))
    return tuple(dict.fromkeys(found))


def images_in_text(text: str) -> tuple[str, ...]:
    """Return the images that a file of a workflow engine names, in order, each once.

    The text is searched and not parsed: a document of a few lines can unfold to millions.
    """
    found = [match.removeprefix(PREFIX) for one in IN_FILES for match in one.findall(text)]
    found += [":".join(match) for match in IN_YADAGE.findall(text)]
    return tuple(dict.fromkeys(found))


def _in_document(document: object) -> Iterator[str]:
    """Yield the images of a CWL or yadage document, wherever they stand in it."""
    if isinstance(document, Mapping):
        if document.get("class") == "DockerRequirement" and "dockerPull" in document:
            yield str(document["dockerPull"])
        elif document.get("environment_type") == "docker-encapsulated":
            yield f"{document.get('image', '')}:{document.get('imagetag', 'latest')}"
        else:
            for value in document.values():
                yield from _in_document(value)
    elif isinstance(document, Sequence) and not isinstance(document, str):
        for value in document:
            yield from _in_document(value)
