"""What a case is: one thing that a provider does, and what the portal must make of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.misbehaving.provider import Answer, MisbehavingProvider

Bend = Callable[[MisbehavingProvider], None]

HTML = Answer(body=b"<!doctype html><title>Welcome</title>", content_type="text/html")
NEST = b"[" * 200_000
HUGE = Answer(body=b'{"much": "' + b"x" * 600_000 + b'"}')
LATE = Answer(body={}, pause=1)
DRIP = Answer(body=b" " * 100, pause=0.05, drip=True)
DOWN = Answer(503, HTML.body, "text/html")
TWO_LENGTHS = Answer(body={}, headers={"Content-Length": "7"})
NO_GZIP = Answer(body={}, headers={"Content-Encoding": "gzip"})


@dataclass(frozen=True)
class Case:
    """One deviation: what it is in words, how the provider does it, and what follows.

    `reason` is the code that the audit log has (refused), `tells` what the portal knows of the
    person then (accepted); `named` says which text or test plan names the deviation.
    """

    id: str
    says: str
    bend: Bend
    reason: str = ""
    named: str = ""
    intent: str = "sign-in"
    slow: bool = False
    tells: Mapping[str, Any] = field(default_factory=dict)


def bent(**changes: Any) -> Bend:
    """Return what changes these fields of a provider; mappings are updated, others replaced."""

    def bend(provider: MisbehavingProvider) -> None:
        for name, change in changes.items():
            present = getattr(provider, name)
            if isinstance(present, dict) and isinstance(change, dict):
                present.update(change)
            else:
                setattr(provider, name, change)

    return bend


def broken(endpoint: str) -> tuple[Case, ...]:
    """Return what any endpoint can do instead of answering."""
    refused, late = "upstream-refused", "upstream-timeout"
    ways = (
        ("html", "a page of HTML with status 200", HTML, refused),
        ("empty", "nothing with status 200", Answer(), refused),
        ("list", "a JSON list", Answer(body=[]), refused),
        ("null", "JSON null", Answer(body=b"null"), refused),
        ("nested", "JSON nested 200,000 deep", Answer(body=NEST), refused),
        ("huge", "more bytes than any answer needs", HUGE, refused),
        ("no-gzip", "what is not compressed as it says", NO_GZIP, refused),
        ("two-lengths", "two different lengths", TWO_LENGTHS, refused),
        ("404", "status 404", Answer(404, {}), refused),
        ("500", "status 500 with HTML", Answer(500, HTML.body, "text/html"), refused),
        ("503", "status 503", DOWN, "upstream-unavailable"),
        ("late", "its answer too late", LATE, late),
        ("drip", "its answer byte by byte, without end in sight", DRIP, late),
    )
    return tuple(
        Case(
            f"{endpoint}-{key}",
            f"The {endpoint} endpoint gives {words}.",
            bent(instead={endpoint: way}),
            reason,
            slow=reason == late,
        )
        for key, words, way, reason in ways
    )


def redirected(endpoint: str) -> Case:
    """Return an endpoint that sends the portal elsewhere, with all that it sent."""

    def bend(provider: MisbehavingProvider) -> None:
        target = f"{provider.issuer.rstrip('/')}/elsewhere"
        provider.instead[endpoint] = Answer(307, {}, headers={"Location": target})

    words = f"The {endpoint} endpoint redirects (307) elsewhere; nothing is sent there."
    return Case(f"{endpoint}-307", words, bend, "upstream-refused")
