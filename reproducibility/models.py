"""What the database keeps of analyses: their versions, their runs, and the signed verdicts."""

from reproducibility.models_analyses import (
    Analysis,
    AnalysisFile,
    AnalysisInput,
    AnalysisQuerySet,
    AnalysisVersion,
    Proof,
    RecordedOutput,
    VersionQuerySet,
)
from reproducibility.models_captures import Capture, CapturedFile, CaptureState, Source
from reproducibility.models_comparisons import ComparedPair, ComparisonState, SideComparison
from reproducibility.models_registrations import (
    FileState,
    RegisteredFile,
    Registration,
    RegistrationState,
)
from reproducibility.models_runs import (
    ACTIVE,
    KEPT,
    Kind,
    Run,
    RunOutput,
    RunQuerySet,
    RunState,
)
from reproducibility.models_verdicts import SignedVerdict

__all__ = [
    "ACTIVE",
    "KEPT",
    "Analysis",
    "AnalysisFile",
    "AnalysisInput",
    "AnalysisQuerySet",
    "AnalysisVersion",
    "Capture",
    "CaptureState",
    "CapturedFile",
    "ComparedPair",
    "ComparisonState",
    "FileState",
    "Kind",
    "Proof",
    "RecordedOutput",
    "RegisteredFile",
    "Registration",
    "RegistrationState",
    "Run",
    "RunOutput",
    "RunQuerySet",
    "RunState",
    "SideComparison",
    "SignedVerdict",
    "Source",
    "VersionQuerySet",
]
