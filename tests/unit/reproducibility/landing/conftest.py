"""An analysis whose public page is open, and a version of it in a repository."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from reproducibility.models import Analysis, AnalysisVersion, Deposit, DepositState

PAGE = "/public/analyses/dimuon"
ORCID = "0000-0002-1825-0097"
DOI = "10.5072/zenodo.1000"


@pytest.fixture
def dimuon(alice: User, analysis: Analysis) -> Analysis:
    """Alice's published analysis, whose public page is open."""
    analysis.owner, analysis.landing = alice, True
    analysis.authors = [{"name": "Ada Lovelace", "orcid": ORCID}, {"name": "ATLAS Collaboration"}]
    analysis.save()
    return analysis


def deposited(version: AnalysisVersion) -> Deposit:
    """Say that a version is in a repository."""
    description = {
        "title": "The spectrum of muon pairs",
        "creators": [{"name": "Lovelace, Ada", "orcid": ORCID}],
        "published_on": "2026-11-02",
    }
    return Deposit.objects.create(
        version=version, service="https://zenodo.test", service_name="Zenodo", doi=DOI,
        state=DepositState.PUBLISHED, remote_id="1000", description=description,
        published_at=timezone.now(),
    )  # fmt: skip
