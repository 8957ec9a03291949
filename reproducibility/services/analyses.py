"""Analyses: find them, and take one in from a folder."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from reproducibility.models import Analysis, AnalysisFile, AnalysisInput, RecordedOutput
from vre_portal.errors import InvalidRequest, NotFound

MANIFEST = "analysis.json"
SPECIFICATION = "reana.yaml"
RECORDED = "recorded"


def visible_analyses(user: User) -> QuerySet[Analysis]:
    """Return the analyses that a user may see."""
    return Analysis.objects.visible_to(user)


def find_analysis(user: User, key: UUID | str) -> Analysis:
    """Return an analysis by its id or its slug."""
    rows = visible_analyses(user)
    found = rows.filter(slug=str(key)).first()
    if found is None:
        try:
            found = rows.filter(pk=key).first()
        except ValidationError:
            found = None
    if found is None:
        raise NotFound("There is no such analysis, or it is not published.")
    return found


def import_folder(folder: Path) -> Analysis:
    """Take in an analysis from a folder with analysis.json, reana.yaml, code and recorded outputs.

    Doing it again changes nothing; changed content makes a new version.

    Raises
    ------
    InvalidRequest
        The manifest is wrong, or a recorded output has another checksum than it says.
    """
    manifest = _manifest(folder)
    specification = (folder / SPECIFICATION).read_text()
    code = _code(folder, specification)
    recorded = [_recorded(folder, entry) for entry in manifest["outputs"]]
    digest = _digest(manifest, specification, code)
    known = Analysis.objects.filter(slug=manifest["slug"]).first()
    if known and known.content_sha256 == digest:
        return known
    with transaction.atomic():
        analysis, _made = Analysis.objects.update_or_create(
            slug=manifest["slug"],
            defaults={
                "title": manifest["title"],
                "summary": manifest["summary"],
                "authors": manifest["authors"],
                "licence": manifest["licence"],
                "specification": specification,
                "environment": manifest["environment"]["recorded"],
                "content_sha256": digest,
                "published": True,
                "version": known.version + 1 if known else 1,
            },
        )
        analysis.files.all().delete()
        analysis.inputs.all().delete()
        analysis.outputs.all().delete()
        for path, content in code.items():
            checksum = sha256(content).hexdigest()
            AnalysisFile.objects.create(
                analysis=analysis, path=path, content=content, sha256=checksum
            )
        for entry in manifest["inputs"]:
            scope, _colon, name = entry["did"].partition(":")
            AnalysisInput.objects.create(
                analysis=analysis, scope=scope, name=name, folder=entry["path"].rstrip("/")
            )
        for output in recorded:
            output.analysis = analysis
            output.save()
    return analysis


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    needed = {"slug", "title", "summary", "authors", "licence", "inputs", "outputs", "environment"}
    if missing := needed - manifest.keys():
        raise InvalidRequest(f"{MANIFEST} of {folder.name} lacks {sorted(missing)}.")
    return manifest


def _code(folder: Path, specification: str) -> dict[str, bytes]:
    listed = (yaml.safe_load(specification).get("inputs") or {}).get("files") or []
    return {path: (folder / path).read_bytes() for path in listed}


def _recorded(folder: Path, entry: dict[str, Any]) -> RecordedOutput:
    content = (folder / RECORDED / entry["path"]).read_bytes()
    checksum = sha256(content).hexdigest()
    if checksum != entry["sha256"]:
        raise InvalidRequest(f"{entry['path']} is not the recorded one: {checksum}.")
    return RecordedOutput(path=entry["path"], content=content, sha256=checksum, size=len(content))


def _digest(manifest: dict[str, Any], specification: str, code: dict[str, bytes]) -> str:
    parts = [json.dumps(manifest, sort_keys=True).encode(), specification.encode()]
    parts += [part for path in sorted(code) for part in (path.encode(), code[path])]
    return sha256(b"\0".join(parts)).hexdigest()
