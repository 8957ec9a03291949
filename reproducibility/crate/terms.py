"""The addresses and names that a crate of ours uses, for writing and for reading."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

#: https://www.researchobject.org/ro-crate/specification/1.1/
CRATE = "https://w3id.org/ro/crate/1.1"
CONTEXT = f"{CRATE}/context"
#: https://about.workflowhub.eu/Workflow-RO-Crate/
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
#: https://www.researchobject.org/workflow-run-crate/profiles/
PROCESS_RUN = "https://w3id.org/ro/wfrun/process/0.5"
WORKFLOW_RUN = "https://w3id.org/ro/wfrun/workflow/0.5"
PROFILES = {
    PROCESS_RUN: ("Process Run Crate", "0.5"),
    WORKFLOW_RUN: ("Workflow Run Crate", "0.5"),
    WORKFLOW_CRATE: ("Workflow RO-Crate", "1.0"),
}
WORKFLOW = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_RUN_TERMS = "https://w3id.org/ro/terms/workflow-run#"
DOCKER_IMAGE = f"{_RUN_TERMS}DockerImage"
#: What RO-Crate 1.1 has no word for, as the profiles define it.
MORE_TERMS = {
    name: f"{_RUN_TERMS}{name}" for name in ("ContainerImage", "containerImage", "sha256", "tag")
} | {"registry": f"{_RUN_TERMS}registry"}
FINISHED = "http://schema.org/CompletedActionStatus"

METADATA, ROOT = "ro-crate-metadata.json", "./"
#: Of RO-Crate 1.0 it has an ending of its own.
DESCRIPTORS = (METADATA, "ro-crate-metadata.jsonld")
SPECIFICATION = "reana.yaml"
#: Contextual entities of which there is one.
REANA, ENVIRONMENT, RECORDED = "#reana", "#environment", "#recorded-run"
#: The name of an environment that has none, and what is told of one by name and value.
NAMELESS = "The environment of the recorded run"
TOLD_BY_NAME = ("slug", "interpreter", "lock_sha256", "threads")
#: Said where a licence is needed and nobody gave one; the word is SPDX's.
NO_LICENCE = "NOASSERTION"
ORCID = "https://orcid.org/"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Entity = dict[str, Any]


def ref(key: str) -> Entity:
    """Return a reference to an entity."""
    return {"@id": key}


def refs(keys: list[str]) -> list[Entity]:
    """Return references to entities."""
    return [ref(key) for key in keys]


def local(path: str) -> str:
    """Return the `@id` of a file in the crate: its path as a relative URI."""
    return quote(path)


def path_of(key: str) -> str:
    """Return the path of a file in the crate by its `@id`."""
    return unquote(key.removeprefix(ROOT))


def is_address(key: str) -> bool:
    """Whether an `@id` is an address of something elsewhere: no file in the crate has a scheme."""
    return key.startswith("//") or _SCHEME.match(key) is not None


def named(kind: str, name: str) -> str:
    """Return the `@id` of an entity that is no file."""
    return f"#{kind}-{quote(name, safe='')}"
