"""Feature files into scenarios and steps; what is no Gherkin is told by line."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from gherkin.errors import CompositeParserException, ParserError, ParserException
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler

#: A feature file has some kilobytes; what is larger is none.
MAX_CHARACTERS = 200_000
MAX_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its kind (Context, Action, Outcome), its text with a text block quoted behind."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario with its steps, those of the background among them; `line` counts from 1."""

    name: str
    line: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature file as it is meant."""

    name: str
    scenarios: tuple[Scenario, ...]


class NoGherkin(Exception):
    """A text is no feature file; `faults` are lines (from 1) and reasons."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__("no feature file")
        self.faults = faults


def read(text: str) -> Feature:
    """Return a feature file's scenarios; raises NoGherkin."""
    if len(text) > MAX_CHARACTERS:
        raise NoGherkin([(1, f"a feature file has at most {MAX_CHARACTERS:,} characters.")])
    try:
        document: Any = Parser().parse(text)
        if "feature" not in document:
            raise NoGherkin([(1, "there is no feature in it: begin with “Feature:” and a name.")])
        pickles = Compiler().compile(document | {"uri": ""})
    except CompositeParserException as exc:
        raise NoGherkin([_fault(each) for each in exc.errors[:MAX_FAULTS]]) from exc
    except ParserException as exc:
        raise NoGherkin([_fault(exc)]) from exc
    except (ParserError, RecursionError, KeyError, IndexError, ValueError, TypeError) as exc:
        raise NoGherkin([(1, "it can't be read as Gherkin.")]) from exc
    return Feature(document["feature"]["name"], tuple(_scenario(each) for each in pickles))


def syntax_faults(text: str) -> list[tuple[int, str]]:
    """Return what is wrong in a feature file: lines and reasons, nothing where it is well."""
    try:
        feature = read(text)
    except NoGherkin as exc:
        return exc.faults
    if not feature.scenarios:
        return [(1, "there is no scenario in it.")]
    empty = (each for each in feature.scenarios if not each.steps)
    reason = "this scenario has no steps: they begin with When, Then or And."
    return [(each.line, reason) for each in islice(empty, MAX_FAULTS)]


def _scenario(pickle: Any) -> Scenario:
    line = pickle["location"]["line"]
    return Scenario(pickle["name"], line, tuple(_step(each) for each in pickle["steps"]))


def _step(step: Any) -> Step:
    block = step.get("argument", {}).get("docString")
    # REANA's client puts a block of text behind the step as its last, quoted argument.
    text = f'{step["text"]} "{block["content"]}"' if block else step["text"]
    return Step(step["type"].strip(), text)


def _fault(exc: ParserException) -> tuple[int, str]:
    reason = "this line fits none of Feature, Scenario, Given, When, Then, And, a table or a text."
    return exc.location["line"], reason
