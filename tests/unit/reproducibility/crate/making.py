"""Crates as other makers write them, and what a capture finds in them; nothing of a database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reproducibility.capture.values import Found
from reproducibility.services.captures import archives, crates
from reproducibility.services.captures.gathering import Bounds, Gathering
from tests.unit.reproducibility.capturing.conftest import SCRIPT, zipped

METADATA = "ro-crate-metadata.json"
BOUNDS = Bounds(file_bytes=20 << 20, all_bytes=100 << 20, files=500)
Members = Mapping[str, Any]


def ref(*keys: str) -> list[dict[str, str]]:
    """Return references."""
    return [{"@id": key} for key in keys]


def entity(key: str, *kinds: str, **members: Any) -> dict[str, Any]:
    """Return an entity."""
    return {"@id": key, "@type": list(kinds), **members}


def graph(*entities: Members, version: str = "1.1", **root: Any) -> list[Members]:
    """Return a graph with its descriptor and root, as RO-Crate has them."""
    about = {"about": {"@id": "./"}, "conformsTo": ref(f"https://w3id.org/ro/crate/{version}")}
    return [entity(METADATA, "CreativeWork", **about), entity("./", "Dataset", **root), *entities]


def document(
    entities: Sequence[Members], context: object = "https://w3id.org/ro/crate/1.1/context"
) -> bytes:
    """Return the JSON-LD of a graph."""
    return json.dumps({"@context": context, "@graph": entities}).encode()


def workflow(path: str, language: str, *entities: Members, **root: Any) -> list[Members]:
    """Return the graph of a crate about a workflow."""
    return graph(
        entity(path, "File", "SoftwareSourceCode", "ComputationalWorkflow",
               programmingLanguage={"@id": "#language"}),
        entity("#language", "ComputerLanguage", name=language),
        *entities,
        **{"mainEntity": {"@id": path}, **root},
    )  # fmt: skip


def gathered(folder: Path, files: Mapping[str, bytes]) -> Gathering:
    """Return what is in a ZIP of files."""
    archive = folder / "crate.zip"
    archive.write_bytes(zipped(files))
    gathering = Gathering(tell=lambda _done, _total: None, bounds=BOUNDS)
    archives.gather(archive, gathering)
    return gathering


def found(
    folder: Path, metadata: bytes, files: Mapping[str, bytes] | None = None
) -> tuple[Found, list[str]]:
    """Return what a capture finds in a crate, and its notes; without files it has a script."""
    others = {"fit.py": SCRIPT} if files is None else files
    gathering = gathered(folder, {METADATA: metadata, **others})
    crate = crates.described(gathering.files)
    assert crate is not None
    return crates.found_in(crate, gathering), gathering.notes
