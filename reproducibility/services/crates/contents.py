"""What the metadata of a crate tell of a version, from the rows of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reproducibility.capture.values import Author, Data, Parameter
from reproducibility.crate.values import CodeFile, Contents, Output, Reproduction
from reproducibility.models import Analysis, AnalysisVersion, Kind, SignedVerdict
from reproducibility.services.captures.declared import declared_in
from reproducibility.services.crates.extras import extras_of
from vre_portal.config import get_config

#: So many reproductions are told of, the last ones.
MOST_REPRODUCTIONS = 10


def contents_of(
    analysis: Analysis,
    version: AnalysisVersion,
    *,
    files: tuple[CodeFile, ...],
    outputs: tuple[Output, ...],
) -> Contents:
    """Return all that is told of a version with these files."""
    config = get_config()
    verdicts = _verdicts(version)
    taken = {file.path for file in files} | {output.path for output in outputs}
    parameters = declared_in(version.specification).parameters
    return Contents(
        title=analysis.title,
        summary=analysis.summary,
        licence=analysis.licence,
        authors=tuple(Author(str(a["name"]), str(a.get("orcid") or "")) for a in analysis.authors),
        number=version.number,
        made_at=version.made_at,
        url=f"{config.public_url}/analyses/{analysis.slug}",
        site_url=config.public_url,
        site_name=config.brand_name,
        specification=version.specification.encode(),
        parameters=tuple(Parameter(str(name), value) for name, value in parameters),
        files=files,
        inputs=tuple(_inputs(version, verdicts)),
        outputs=outputs,
        images=tuple(each for each in version.environment.split(", ") if each),
        surroundings=version.surroundings,
        code=version.code,
        reproductions=tuple(_reproduction(analysis, each) for each in verdicts),
        extras=tuple(extras_of(analysis, version, verdicts, taken)),
    )


def _verdicts(version: AnalysisVersion) -> list[SignedVerdict]:
    """Return the last verdicts on reproductions; a proof is its authors' own, and is none."""
    kinds = (Kind.REPRODUCTION, Kind.VERIFICATION)
    rows = SignedVerdict.objects.filter(version=version, kind__in=kinds)
    rows = rows.select_related("run").defer("run__logs")
    return list(rows.order_by("-signed_at", "pk")[:MOST_REPRODUCTIONS])


def _inputs(version: AnalysisVersion, verdicts: list[SignedVerdict]) -> Iterator[Data]:
    """Yield the inputs; files that nobody recorded are those of the last signed verdict."""
    read = json.loads(verdicts[0].statement)["inputs"]["files"] if verdicts else []
    for each in version.inputs.all():
        verified = [_recorded(file) for file in read if file["dataset"] == each.did]
        yield Data(each.did, each.folder, tuple(each.files or verified))


def _recorded(read: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input's file as a version keeps it."""
    told = {name: read[name] for name in ("did", "bytes", "adler32")}
    return {**told, "sha256": read.get("sha256", "")}


def _reproduction(analysis: Analysis, verdict: SignedVerdict) -> Reproduction:
    told = json.loads(verdict.statement)
    return Reproduction(
        key=str(verdict.pk),
        level=verdict.level,
        environment=verdict.environment,
        inputs=verdict.inputs,
        started=_offset(told["times"]["started"]),
        ended=_offset(told["times"]["ended"]),
        outputs={each["path"]: each["sha256"] for each in told["outputs"]},
        agent=_agent(analysis, verdict),
    )


def _offset(moment: str) -> str:
    """Return a time in UTC with its offset in digits: readers of crates know no other form."""
    return moment.replace("Z", "+00:00")


def _agent(analysis: Analysis, verdict: SignedVerdict) -> str:
    """Return the ORCID of whoever ran, if that is the owner, who is named as an author anyway."""
    run, owner = verdict.run, analysis.owner
    if run is None or owner is None or run.user_id != owner.pk or run.kind != Kind.REPRODUCTION:
        return ""
    known = {str(each["name"]): str(each.get("orcid") or "") for each in analysis.authors}
    return known.get(owner.display_name, "")
