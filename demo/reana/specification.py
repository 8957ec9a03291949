"""reana.yaml against REANA's published schema, and against what this runner offers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from demo.reana.errors import Malformed
from demo.reana.options import SERIAL, SNAKEMAKE, options_of, parse_options
from demo.reana.parameters import effective_parameters, expand_commands
from demo.reana.workspace.paths import parts_of

SCHEMA = Path(__file__).parent / "schema" / "reana_analysis_schema.json"
COMPUTE_BACKENDS = ("kubernetes",)


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(json.loads(SCHEMA.read_text()))


def check_specification(document: object) -> Mapping[str, Any]:
    """Return a specification that this runner can run.

    As reana-commons does, an unexpected property is let pass; any other fault is refused.
    """
    faults = [
        fault
        for fault in _validator().iter_errors(document)
        if fault.validator != "additionalProperties"
    ]
    if faults:
        fault = best_match(faults)
        where = "/".join(str(part) for part in fault.absolute_path) or "the top"
        raise Malformed(f"The specification is not valid at {where}: {fault.message}")
    specification = cast(Mapping[str, Any], document)
    _check_offered(specification["workflow"])
    parse_options(specification["workflow"]["type"], options_of(specification))
    if specification["workflow"]["type"] == SERIAL:
        expand_commands(specification, effective_parameters(specification, {}))
    return specification


def _check_offered(workflow: Mapping[str, Any]) -> None:
    if workflow["type"] == SERIAL:
        _check_steps((workflow.get("specification") or {}).get("steps"))
    elif workflow["type"] == SNAKEMAKE and not workflow.get("file"):
        raise Malformed("A Snakemake workflow needs the name of its Snakefile (workflow/file).")
    elif not workflow.get("file") and not workflow.get("specification"):
        raise Malformed(f"The {workflow['type']} workflow has neither a file nor a specification.")
    if workflow.get("file"):
        parts_of(workflow["file"])


def _check_steps(steps: Sequence[Mapping[str, Any]] | None) -> None:
    if not steps:
        raise Malformed("The serial workflow has no steps.")
    for step in steps:
        backend = step.get("compute_backend", COMPUTE_BACKENDS[0])
        if backend not in COMPUTE_BACKENDS:
            raise Malformed(f"Compute backend {backend!r} is not one of {COMPUTE_BACKENDS}.")
