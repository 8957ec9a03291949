"""A proposal for files that were an analysis before: what it was stands before what is guessed."""

from __future__ import annotations

from dataclasses import replace

from reproducibility.capture.values import Proposal, Recorded


def as_recorded(proposal: Proposal, recorded: Recorded | None) -> Proposal:
    """Return a proposal with what the analysis was, as far as anything tells."""
    if recorded is None:
        return proposal
    return replace(
        proposal,
        summary=recorded.summary,
        licence=recorded.licence,
        environment=recorded.environment or proposal.environment,
        roles=recorded.roles,
        tolerances=recorded.tolerances,
    )
