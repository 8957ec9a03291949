"""What is wrong in a reana.yaml: its YAML, REANA's schema, and what no schema sees."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cache
from heapq import nsmallest
from itertools import chain
from pathlib import Path

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from reproducibility.capture.values import Fault
from reproducibility.specs import meaning, wording
from reproducibility.specs.loading import Document, Unreadable, load, written
from reproducibility.specs.tolerant import at

SCHEMA = Path(__file__).parent / "schema" / "reana_analysis_schema.json"
#: A page can show no more, and nobody reads more.
MAX_FAULTS = 50


def check(text: str, *, files: Collection[str]) -> list[Fault]:
    """Return what is wrong in a reana.yaml, in the order of its lines.

    `files` are the paths that will be in the workspace; one that ends with a slash is a folder
    whose files come from elsewhere, such as the data lake. Where it is a mapping to contents the
    files of tests are read too. Hints are among the faults, and marked as such.
    """
    try:
        document = load(text)
    except Unreadable as exc:
        return [exc.fault]
    faults = chain(_repeated(document), _against_schema(document))
    if isinstance(document.value, dict):
        faults = chain(faults, meaning.faults(document, files))
    # Hints go first where there are too many, and never more than that is in memory.
    kept = nsmallest(MAX_FAULTS, faults, key=lambda fault: (fault.hint, fault.line or 0))
    return sorted(kept, key=lambda fault: fault.line or 0)


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(json.loads(SCHEMA.read_text()))


def _repeated(document: Document) -> Iterator[Fault]:
    for path in document.repeated:
        reason = f"{wording.shown(path[-1])} stands here twice: only the last one counts."
        yield Fault(document.line(path), written(path), reason)


def _against_schema(document: Document) -> Iterator[Fault]:
    if not isinstance(document.value, dict):
        yield Fault(document.line(()), "", "A reana.yaml has keys, such as inputs and workflow.")
        return
    for error in _validator().iter_errors(document.value):
        yield from _faults(document, error)


def _faults(document: Document, error: ValidationError) -> Iterator[Fault]:
    path = tuple(error.absolute_path)
    if error.validator == "anyOf" and not _anything_missing(document):
        return
    if error.validator != "additionalProperties" or isinstance(error.validator_value, dict):
        yield Fault(document.line(path), written(path), wording.reason(error))
        return
    # REANA lets an unknown key pass with a warning, so it is no more here.
    for key, reason in wording.unknown_keys(error):
        below = (*path, str(key))
        yield Fault(document.line(below), written(below), reason, hint=True)


def _anything_missing(document: Document) -> bool:
    """Whether the workflow lacks what `anyOf` asks for, rather than having it in a wrong form."""
    workflow = at(document.value, "workflow")
    return not (
        isinstance(workflow, dict)
        and "type" in workflow
        and workflow.keys() & {"file", "specification"}
    )
