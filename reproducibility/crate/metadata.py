"""The metadata of a crate: one JSON-LD document that follows the Workflow Run Crate profile."""

from __future__ import annotations

from reproducibility.crate import actions, describing, parts
from reproducibility.crate.graph import Graph
from reproducibility.crate.terms import CRATE, METADATA, PROFILES, ROOT, WORKFLOW_CRATE, ref, refs
from reproducibility.crate.values import Contents


def metadata_of(contents: Contents) -> bytes:
    """Return the `ro-crate-metadata.json` of an analysis; the same contents give the same bytes."""
    graph, below = Graph(), Graph()
    graph.add(METADATA, "CreativeWork", about=ref(ROOT), conformsTo=refs([CRATE, WORKFLOW_CRATE]))
    made = parts.add(below, contents)
    workflow = describing.add_workflow(below, contents, made)
    runs = actions.add(below, contents, made)
    extras = [parts.add_extra(below, each) for each in contents.extras]
    payload = [workflow, *made.files, *made.held, *made.inputs, *extras]
    describing.add_root(graph, contents, payload=payload, actions=runs)
    for key, (name, version) in PROFILES.items():
        graph.add(key, "CreativeWork", name=name, version=version)
    graph.take(below)
    return graph.written()
