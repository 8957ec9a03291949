"""reana.yaml against REANA's published schema, and against what this runner offers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from demo.reana.errors import Malformed, NotOffered
from demo.reana.parameters import effective_parameters, expand_commands

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
    expand_commands(specification, effective_parameters(specification, {}))
    return specification


def _check_offered(workflow: Mapping[str, Any]) -> None:
    if workflow["type"] != "serial":
        raise NotOffered(f"This runner runs serial workflows; this one is {workflow['type']}.")
    steps = (workflow.get("specification") or {}).get("steps")
    if not steps:
        raise Malformed("The serial workflow has no steps.")
    for step in steps:
        backend = step.get("compute_backend", COMPUTE_BACKENDS[0])
        if backend not in COMPUTE_BACKENDS:
            raise Malformed(f"Compute backend {backend!r} is not one of {COMPUTE_BACKENDS}.")
