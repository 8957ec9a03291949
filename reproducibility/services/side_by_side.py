"""Two runs, or a run and what was recorded, as two sides with the same parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.db.models.functions import Length

from accounts.models import User
from reproducibility.models import Analysis, AnalysisVersion, Run
from reproducibility.services import recorded_files
from reproducibility.services.analyses import is_uuid, visible_versions
from reproducibility.services.parameters import parameters_of
from vre_portal.errors import NotFound

#: Runs of the same analysis that a page offers for the other side.
OFFERED = 20


@dataclass(frozen=True, slots=True)
class SideFile:
    """A file of one side: its checksums (empty where not known) and size in bytes.

    `kept` says whether its content is here; `level` how it compares with the recorded one.
    """

    did: str = ""
    sha256: str = ""
    adler32: str = ""
    size: int | None = None
    kept: bool = False
    level: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: how it stands and how long it took, seconds."""

    state: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: a run, or what a version recorded (`run` is None then).

    Inputs and outputs go by their path in the workspace, packages by name, steps by name.
    """

    version: AnalysisVersion
    run: Run | None
    at: datetime
    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    inputs: Mapping[str, SideFile] = field(repr=False)
    outputs: Mapping[str, SideFile] = field(repr=False)
    packages: Mapping[str, str] = field(repr=False)
    steps: Mapping[str, Step] = field(repr=False)

    @property
    def key(self) -> UUID:
        """The id that names it in an address."""
        return self.run.pk if self.run else self.version.pk

    @property
    def analysis(self) -> Analysis:
        """What it is a run or a version of."""
        return self.version.analysis


def find_side(user: User, key: str) -> Side:
    """Return a run of the user's, or the recorded side of a version that they may see, by its id.

    Raises
    ------
    NotFound
        There is neither.
    """
    if is_uuid(key):
        runs = Run.objects.visible_to(user).select_related("version__analysis")
        run = runs.defer("logs").filter(pk=key).first()
        if run is not None:
            return _of_run(run)
        version = visible_versions(user).select_related("analysis").filter(pk=key).first()
        if version is not None:
            return _of_version(version)
    raise NotFound("There is no such run or version, or it is not yours to see.")


def offered(user: User, side: Side) -> list[Run]:
    """Return the user's last runs of the same analysis, apart from this one."""
    mine = Run.objects.visible_to(user).filter(analysis=side.analysis).exclude(pk=side.key)
    return list(mine.listed().order_by("-created_at")[:OFFERED])


def versions_of(user: User, side: Side) -> list[AnalysisVersion]:
    """Return the versions of the same analysis that somebody may see, the newest first."""
    rows = visible_versions(user).filter(analysis=side.analysis).exclude(pk=side.key)
    return list(rows.defer("specification").order_by("-number")[:OFFERED])


def _of_run(run: Run) -> Side:
    told = run.environment
    return Side(
        version=run.version,
        run=run,
        at=run.finished_at or run.created_at,
        parameters={**parameters_of(run.version), **run.parameters},
        environment={
            "image": str(told.get("recorded") or run.version.environment),
            "used": str(told.get("used") or ""),
            "packages": str(told.get("packages_sha256") or ""),
            "isolation": str(told.get("isolation") or ""),
        },
        inputs={entry["path"]: _input(entry) for entry in run.inputs},
        outputs=_outputs_of(run),
        packages=_packages(told.get("packages")),
        steps={entry["name"]: Step(entry["state"], entry.get("seconds")) for entry in run.steps},
    )


def _outputs_of(run: Run) -> dict[str, SideFile]:
    judged = {each["path"]: each["level"] for each in (run.verdict or {}).get("outputs", ())}
    return {
        row.path: SideFile(
            sha256=row.sha256, size=row.size, kept=row.kept, level=judged.get(row.path, "")
        )
        for row in run.outputs.defer("content", "comparison")
    }


def _of_version(version: AnalysisVersion) -> Side:
    told = version.surroundings
    return Side(
        version=version,
        run=None,
        at=version.made_at,
        parameters=parameters_of(version),
        environment={
            "image": version.environment,
            "used": str(told.get("used") or ""),
            "packages": str(told.get("packages_sha256") or ""),
            "isolation": "",
        },
        inputs={
            str(PurePosixPath(recorded.folder, str(entry["did"]).partition(":")[2])): _input(entry)
            for recorded in version.inputs.all()
            for entry in recorded.files
        },
        outputs={
            row.path: SideFile(
                sha256=row.sha256,
                size=row.size,
                kept=row.held == row.size or recorded_files.find(row.sha256, row.size) is not None,
            )
            for row in version.outputs.annotate(held=Length("content")).defer("content")
        },
        packages=_packages(told.get("packages")),
        steps={},
    )


def _input(entry: Mapping[str, Any]) -> SideFile:
    return SideFile(
        did=str(entry["did"]),
        sha256=str(entry.get("sha256") or ""),
        adler32=str(entry.get("adler32") or ""),
        size=entry.get("bytes"),
    )


def _packages(told: object) -> dict[str, str]:
    """Return versions by name from a list such as ``numpy==2.3.5``."""
    lines = told if isinstance(told, list | tuple) else ()
    pairs = (str(line).partition("==") for line in lines)
    return {name.strip(): version.strip() for name, _sign, version in pairs}
