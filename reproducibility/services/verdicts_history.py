"""How an analysis stands: its last verdict, how often it was reproduced, and what is stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Max, Q, Window
from django.utils.translation import gettext as _

from reproducibility.compare import Inputs, Level, Surroundings
from reproducibility.models import Analysis, AnalysisVersion, Kind, Proof, SignedVerdict
from reproducibility.services.notes import Note, NoteKind

#: Levels by which a run reproduced what was recorded.
GOOD = (
    Level.BIT_IDENTICAL, Level.CONTENT_IDENTICAL, Level.NUMERICALLY_EQUAL,
    Level.STATISTICALLY_COMPATIBLE,
)  # fmt: skip
_SAME_PLACE = (Surroundings.EXACT, Surroundings.SAME_LOCK)


class Stale(StrEnum):
    """Why a verdict no longer says how things are."""

    NO = ""
    INPUT = "input replaced"
    ENVIRONMENT = "environment gone"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one version of an analysis stands, over the signed runs of everybody, proofs apart.

    `level`, `at` and `environment` are those of the last verdict, empty or None before the first;
    `times` counts the runs that reproduced it, the last of them at `reproduced_at`.
    """

    version: int
    level: str = ""
    at: datetime | None = None
    environment: str = ""
    verdict_id: UUID | None = None
    times: int = 0
    verdicts: int = 0
    reproduced_at: datetime | None = None
    proof: Proof = Proof.NONE
    stale_reason: Stale = Stale.NO
    stale_detail: str = ""

    @property
    def stale_words(self) -> str:
        """Why it is stale, as a heading; empty where it is not."""
        words = {
            Stale.INPUT: _("Stale: an input was replaced"),
            Stale.ENVIRONMENT: _("Stale: the recorded environment is gone"),
        }
        return words.get(self.stale_reason, "")

    @property
    def is_good(self) -> bool:
        """Whether the last run reproduced what was recorded, and nothing is stale."""
        return self.level in GOOD and not self.stale_reason


def standing(analysis: Analysis, version: AnalysisVersion | None = None) -> Standing:
    """Return how an analysis stands in one query: its newest version, or another one."""
    chosen = version or analysis.newest
    return _standing(analysis, chosen, _last_verdicts([chosen.pk]).get(chosen.pk))


def standings(analyses: Iterable[Analysis]) -> dict[UUID, Standing]:
    """Return how the newest versions of many analyses stand, by the analysis's id.

    It is one query, however many there are; they come with `current` selected.
    """
    listed = [row for row in analyses if row.current is not None]
    last = _last_verdicts([row.newest.pk for row in listed])
    return {row.pk: _standing(row, row.newest, last.get(row.newest.pk)) for row in listed}


def _last_verdicts(versions: list[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """Return the last verdict of each version with counts over all of them."""

    def over(aggregate: Any) -> Window:
        return Window(aggregate, partition_by=[F("version_id")])

    reproduced = Q(level__in=GOOD) & ~Q(inputs=Inputs.CHANGED)
    # A proof is its authors' own, and may record what it is compared with: it reproduces nothing.
    rows = SignedVerdict.objects.filter(version__in=versions).exclude(kind=Kind.PROOF)
    rows = rows.annotate(
        verdicts=over(Count("pk")),
        times=over(Count("pk", filter=reproduced)),
        reproduced_at=over(Max("signed_at", filter=reproduced)),
        in_the_same=over(Count("pk", filter=Q(environment__in=_SAME_PLACE))),
    )
    newest = rows.order_by("version_id", "-signed_at", "-pk").distinct("version_id")
    return {
        row["version_id"]: row
        for row in newest.values(
            "pk", "version_id", "level", "environment", "signed_at",
            "verdicts", "times", "reproduced_at", "in_the_same",
        )
    }  # fmt: skip


def _standing(
    analysis: Analysis, version: AnalysisVersion, last: Mapping[str, Any] | None
) -> Standing:
    proof = Proof(version.proof)
    stale, detail = _staleness(analysis, version, last)
    if last is None:
        return Standing(version.number, proof=proof, stale_reason=stale, stale_detail=detail)
    return Standing(
        version=version.number,
        level=last["level"],
        at=last["signed_at"],
        environment=last["environment"],
        verdict_id=last["pk"],
        times=last["times"],
        verdicts=last["verdicts"],
        reproduced_at=last["reproduced_at"],
        proof=proof,
        stale_reason=stale,
        stale_detail=detail,
    )


def _staleness(
    analysis: Analysis, version: AnalysisVersion, last: Mapping[str, Any] | None
) -> tuple[Stale, str]:
    note = Note.of(analysis.verify_note)
    if note and note.kind is NoteKind.INPUT_REPLACED and note.version == version.number:
        return Stale.INPUT, note.words
    # It was run where it was recorded, and by now only something else is left to run it in.
    if last and last["environment"] == Surroundings.SUBSTITUTED and last["in_the_same"]:
        return Stale.ENVIRONMENT, ""
    return Stale.NO, ""
