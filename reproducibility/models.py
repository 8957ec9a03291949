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
from reproducibility.models_campaigns import (
    Campaign,
    CampaignQuerySet,
    CampaignState,
    Point,
    PointState,
)
from reproducibility.models_captures import Capture, CapturedFile, CaptureState, Source
from reproducibility.models_comparisons import ComparedPair, ComparisonState, SideComparison
from reproducibility.models_deposits import Deposit, DepositState
from reproducibility.models_registrations import (
    FileState,
    RegisteredFile,
    Registration,
    RegistrationState,
)
from reproducibility.models_runs import (
    ACTIVE,
    KEPT,
    Failure,
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
    "Campaign",
    "CampaignQuerySet",
    "CampaignState",
    "Capture",
    "CaptureState",
    "CapturedFile",
    "ComparedPair",
    "ComparisonState",
    "Deposit",
    "DepositState",
    "Failure",
    "FileState",
    "Kind",
    "Point",
    "PointState",
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
