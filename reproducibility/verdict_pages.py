"""A signed verdict as its page shows it: the statement in words, and the numbers behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from reproducibility.compare import Inputs, Level, Surroundings
from reproducibility.histograms import Overlay, overlay
from reproducibility.models import Run, SignedVerdict
from reproducibility.services import signing, verdicts
from vre_portal.components.formats import number
from vre_portal.config import get_config

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """The difference of two pictures as PNG in base 64."""

    where: str
    png: str


@dataclass(frozen=True, slots=True)
class JudgedOutput:
    """An output with its level and both checksums; `numbers` are sentences."""

    path: str
    level: str
    expected: str
    found: str
    tolerance: str
    numbers: tuple[str, ...] = ()
    detail: str = ""
    charts: tuple[Overlay, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command for a terminal, and what it is for."""

    says: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict in words, with the commands that check it by hand."""

    verdict: SignedVerdict
    told: Told
    sentence: str
    environment_text: str
    inputs_text: str
    outputs: tuple[JudgedOutput, ...]
    commands: tuple[Command, ...]
    holds: bool


def shown(verdict: SignedVerdict, reader: User) -> ShownVerdict:
    """Return a verdict for a reader.

    What was read in the files, such as quoted lines and charts, is for the owners of the run and
    of the analysis; everybody else reads the statement and the counts.
    """
    told: Told = json.loads(verdict.statement)
    # Outputs may hold what only whoever ran it may read: not even the analysis's owner sees more.
    close = is_whose_run(reader, verdict)
    return ShownVerdict(
        verdict=verdict,
        told=told,
        sentence=level_in_words(verdict.level),
        environment_text=environment_in_words(verdict.environment),
        inputs_text=inputs_in_words(verdict.inputs),
        outputs=tuple(_outputs(verdict, told, close=close)),
        commands=commands(verdict),
        holds=signing.holds(verdict),
    )


def is_whose_run(reader: User, verdict: SignedVerdict) -> bool:
    """Whether a reader ran what a verdict is on; nobody did where the run is gone."""
    return verdict.run is not None and verdict.run.user_id == reader.pk


def level_in_words(level: str) -> str:
    """Return what a level means, as a sentence."""
    words = {
        Level.BIT_IDENTICAL: _("Every output is the recorded one, bit for bit."),
        Level.CONTENT_IDENTICAL: _(
            "The outputs hold the same as the recorded ones; only the way it is stored differs."
        ),
        Level.NUMERICALLY_EQUAL: _(
            "All numbers agree with the recorded ones within the tolerances that the analysis"
            " declares."
        ),
        Level.STATISTICALLY_COMPATIBLE: _(
            "The distributions agree with the recorded ones by the statistical tests that the"
            " analysis declares."
        ),
        Level.DIFFERENT: _("At least one output is another one than recorded."),
        Level.MISSING: _("At least one recorded output was not made."),
    }
    return next((text for word, text in words.items() if word == level), level)


def environment_in_words(environment: str) -> str:
    """Return in which environment it was run, as a sentence."""
    words = {
        Surroundings.EXACT: _("It ran in the recorded environment."),
        Surroundings.SAME_LOCK: _("It ran with the same packages as recorded."),
        Surroundings.SUBSTITUTED: _("It ran in another environment than recorded."),
        Surroundings.UNKNOWN: _("The runner does not say in which environment it ran."),
    }
    return next((text for word, text in words.items() if word == environment), environment)


def inputs_in_words(inputs: str) -> str:
    """Return what is known of the inputs, as a sentence."""
    words = {
        Inputs.VERIFIED: _("Every input has the checksum of the catalogue."),
        Inputs.UNVERIFIED: _("Not every input could be verified by a checksum."),
        Inputs.CHANGED: _("It read other data than recorded."),
    }
    return next((text for word, text in words.items() if word == inputs), inputs)


def commands(verdict: SignedVerdict) -> tuple[Command, ...]:
    """Return how the signature is checked by hand, once the two files were saved."""
    site = get_config().public_url
    pem = f"{site}{reverse('reproducibility:verdict-key')}?kid={verdict.key_id}"
    return (
        Command(_("Fetch the site's public key."), f"curl --fail --output key.pem '{pem}'"),
        Command(
            _("It answers “Signature Verified Successfully”."),
            "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in statement.json"
            " -sigfile statement.sig",
        ),
        Command(
            _("It prints the key's id, which has to be the one below."),
            "openssl pkey -pubin -in key.pem -outform DER | sha256sum",
        ),
    )


def _outputs(verdict: SignedVerdict, told: Told, *, close: bool) -> Iterator[JudgedOutput]:
    whole = verdicts.whole(verdict.run) if verdict.run else None
    stored = (whole or {}).get("outputs", ())
    by_path = {each.get("path"): each for each in stored}
    for output in told.get("outputs", ()):
        yield _judged(output, by_path.get(output["path"], {}), close=close)


def of_run(run: Run) -> list[JudgedOutput]:
    """Return the outputs of a run that can be drawn beside the recorded ones."""
    outputs = (verdicts.whole(run) or {}).get("outputs", ())
    return [each for each in map(judged, outputs) if each.charts or each.pictures]


def judged(output: Told) -> JudgedOutput:
    """Return the verdict on one output for whoever may read both files."""
    return _judged(output, output, close=True)


def _judged(output: Told, behind: Told, *, close: bool) -> JudgedOutput:
    """Return an output; whoever is `close` sees what stands in the files, too."""
    comparison: Told = behind.get("comparison") or {}
    figures = comparison.get("figures") or () if close else ()
    return JudgedOutput(
        path=output["path"],
        level=output["level"],
        expected=output["expected_sha256"],
        found=output["sha256"],
        tolerance=_tolerance(output.get("tolerance") or {}),
        numbers=tuple(_numbers(comparison)),
        detail=str(behind.get("detail") or "") if close else "",
        charts=tuple(filter(None, map(overlay, _of_kind(figures, "histogram")))),
        pictures=tuple(
            Picture(str(each.get("where") or ""), str(each.get("png") or ""))
            for each in _of_kind(figures, "image")
        ),
    )


def _of_kind(figures: Any, kind: str) -> list[Told]:
    return [each for each in figures if isinstance(each, Mapping) and each.get("kind") == kind]


def _tolerance(told: Told) -> str:
    parts = [f"{name} {told[name]:g}" for name in ("rtol", "atol") if told.get(name)]
    parts += [_("statistical")] if told.get("statistical") else []
    ignored = ", ".join(told.get("ignore") or ())
    parts += [_("without %s") % ignored] if ignored else []
    return ", ".join(parts)


def _numbers(comparison: Told) -> Iterator[str]:
    """Yield what a comparison counted and how far apart the farthest values are."""
    compared, differing = comparison.get("compared") or 0, comparison.get("differing") or 0
    if compared:
        words = ngettext(
            "%(differing)s of %(compared)s value differs",
            "%(differing)s of %(compared)s values differ",
            compared,
        )
        yield words % {"differing": number(differing), "compared": number(compared)}
    if differing and (beyond := comparison.get("beyond")) is not None:
        yield _("%s by more than the tolerance") % number(beyond)
    farthest = {
        "absolute": _("largest absolute difference %s"),
        "relative": _("largest relative difference %s"),
    }
    for name, words in farthest.items():
        most: Told = comparison.get(f"largest_{name}") or {}
        if isinstance(most.get(name), int | float):
            yield words % f"{most[name]:.3g}"
    for test in comparison.get("tests") or ():
        if isinstance(test, Mapping) and isinstance(test.get("p_value"), int | float):
            values = {"name": test.get("name", ""), "p": f"{test['p_value']:.3g}"}
            yield _("%(name)s test: p = %(p)s") % values
