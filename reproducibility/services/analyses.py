"""Analyses: find them, and take one in from a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.db import transaction
from django.db.models import Q

from accounts.models import User
from reproducibility.models import (
    KEPT,
    Analysis,
    AnalysisQuerySet,
    AnalysisVersion,
    RecordedOutput,
    VersionQuerySet,
)
from reproducibility.services import recorded_files
from vre_portal.errors import InvalidRequest, NotFound

MANIFEST = "analysis.json"
SPECIFICATION = "reana.yaml"
RECORDED = "recorded"
NEEDED = {"slug", "title", "summary", "authors", "licence", "inputs", "outputs", "environment"}

Manifest = dict[str, Any]


def visible_analyses(user: User) -> AnalysisQuerySet:
    """Return the analyses that a user may see."""
    return Analysis.objects.visible_to(user)


def find_analysis(user: User, key: UUID | str) -> Analysis:
    """Return an analysis by its id or its slug, its parts without their contents."""
    wanted = Q(slug=str(key))
    if is_uuid(key):
        wanted |= Q(pk=key)
    found = visible_analyses(user).with_parts().filter(wanted).first()
    if found is None:
        raise NotFound("There is no such analysis, or it is not published.")
    return found


def visible_versions(user: User) -> VersionQuerySet:
    """Return the versions that a user may see."""
    return AnalysisVersion.objects.visible_to(user)


def find_version(user: User, analysis: Analysis, number: str) -> AnalysisVersion:
    """Return a version by its number, the newest where none is given."""
    if not number:
        return analysis.newest
    known = visible_versions(user).filter(analysis=analysis)
    found = known.filter(number=number).first() if is_number(number) else None
    if found is None:
        raise NotFound(f"{analysis.title} has no version {number}.")
    return found


def is_number(text: str) -> bool:
    """Whether a text may be a version's number, which PostgreSQL keeps in 32 bits."""
    return text.isascii() and text.isdigit() and len(text) <= 9


def is_uuid(key: UUID | str) -> bool:
    """Whether a key has the form of an id."""
    try:
        UUID(str(key))
    except ValueError:
        return False
    return True


def import_folder(folder: Path) -> Analysis:
    """Take in an analysis from a folder with analysis.json, reana.yaml, code and recorded outputs.

    Doing it again changes nothing; changed content makes a new version.

    Raises
    ------
    InvalidRequest
        The manifest is wrong, a file is absent, or a recorded output has another checksum than
        the manifest says.
    """
    try:
        manifest = _manifest(folder)
        specification = (folder / SPECIFICATION).read_text()
        code = _code(folder, specification)
        recorded = [_recorded(folder, entry) for entry in manifest["outputs"]]
    except (OSError, json.JSONDecodeError, yaml.YAMLError, KeyError) as exc:
        raise InvalidRequest(f"{folder.name} can't be read as an analysis: {exc}") from exc
    with transaction.atomic():
        return _stored(manifest, specification, code, recorded)


def _stored(
    manifest: Manifest,
    specification: str,
    code: Mapping[str, bytes],
    recorded: list[RecordedOutput],
) -> Analysis:
    slug, digest = manifest["slug"], _digest(manifest, specification, code)
    known = Analysis.objects.select_for_update().filter(slug=slug).first()
    if known and known.newest.content_sha256 == digest:
        return known
    analysis, _made = Analysis.objects.update_or_create(
        slug=slug,
        defaults={
            "title": manifest["title"],
            "summary": manifest["summary"],
            "authors": [_author(each) for each in manifest["authors"]],
            "licence": manifest["licence"],
            "published": True,
        },
    )
    version = analysis.versions.create(
        number=known.latest.number + 1 if known else 1,
        specification=specification,
        environment=manifest["environment"]["recorded"],
        content_sha256=digest,
        origin={"kind": "folder"},
        public=True,
    )
    _add_parts(version, manifest, code, recorded)
    analysis.current = version
    analysis.save(update_fields=["current"])
    return analysis


def _author(told: object) -> dict[str, str]:
    """Return an author, told by name alone or with an ORCID."""
    if isinstance(told, dict):
        return {"name": str(told["name"]), "orcid": str(told.get("orcid") or "")}
    return {"name": str(told), "orcid": ""}


def _add_parts(
    version: AnalysisVersion,
    manifest: Manifest,
    code: Mapping[str, bytes],
    recorded: list[RecordedOutput],
) -> None:
    for path, content in code.items():
        version.files.create(path=path, content=content, sha256=sha256(content).hexdigest())
    for entry in manifest["inputs"]:
        scope, _colon, name = entry["did"].partition(":")
        version.inputs.create(scope=scope, name=name, folder=entry["path"].rstrip("/"))
    for output in recorded:
        output.version = version
        output.save()


def _manifest(folder: Path) -> Manifest:
    manifest: Manifest = json.loads((folder / MANIFEST).read_text())
    if missing := sorted(NEEDED - manifest.keys()):
        raise InvalidRequest(f"{MANIFEST} of {folder.name} lacks {', '.join(missing)}.")
    return manifest


def _code(folder: Path, specification: str) -> dict[str, bytes]:
    listed = (yaml.safe_load(specification).get("inputs") or {}).get("files") or []
    return {path: (folder / path).read_bytes() for path in listed}


def _recorded(folder: Path, entry: Manifest) -> RecordedOutput:
    path = folder / RECORDED / entry["path"]
    with path.open("rb") as stream:
        checksum, size = file_digest(stream, "sha256").hexdigest(), stream.tell()
    if checksum != entry["sha256"]:
        raise InvalidRequest(f"{entry['path']} is not the recorded one: {checksum}.")
    if size > KEPT:
        recorded_files.kept(path, checksum, size)  # without it the checksum is compared
    return RecordedOutput(
        path=entry["path"],
        content=path.read_bytes() if size <= KEPT else b"",
        sha256=checksum,
        size=size,
        tolerance=entry.get("tolerance", {}),
    )


def _digest(manifest: Manifest, specification: str, code: Mapping[str, bytes]) -> str:
    parts = [json.dumps(manifest, sort_keys=True).encode(), specification.encode()]
    parts += [part for path in sorted(code) for part in (path.encode(), code[path])]
    return sha256(b"\0".join(parts)).hexdigest()
