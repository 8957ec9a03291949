"""REANA's steps: which sentences there are, and which function judges each.

The sentences and what they mean are those of `reana-client test` (its documentation, "Testing
workflow runs"). A name in braces stands for any text, and letters may be large or small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Judge: TypeAlias = Callable[..., None]

MAX_STEP = 20_000


@dataclass(frozen=True, slots=True)
class Definition:
    """A sentence of one kind of step, and its function."""

    kind: str
    pattern: re.Pattern[str]
    judge: Judge


class Vocabulary:
    """Sentences in the order in which they were defined; the first one that fits counts."""

    def __init__(self) -> None:
        self._definitions: list[Definition] = []

    def when(self, *sentences: str) -> Callable[[Judge], Judge]:
        """Define a condition: where it is not met, its scenario is not judged."""
        return self._defining("Action", sentences)

    def then(self, *sentences: str) -> Callable[[Judge], Judge]:
        """Define a claim."""
        return self._defining("Outcome", sentences)

    def find(self, kind: str, text: str) -> tuple[Judge, Mapping[str, str]] | None:
        """Return the function of a step and its arguments, None where nothing fits."""
        if len(text) > MAX_STEP:
            return None
        for definition in self._definitions:
            if definition.kind == kind and (found := definition.pattern.fullmatch(text)):
                return definition.judge, found.groupdict()
        return None

    def _defining(self, kind: str, sentences: tuple[str, ...]) -> Callable[[Judge], Judge]:
        def defined(judge: Judge) -> Judge:
            self._definitions += (Definition(kind, _pattern(each), judge) for each in sentences)
            return judge

        return defined


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile("".join(_parts(sentence)), re.IGNORECASE | re.DOTALL)


def _parts(sentence: str) -> Iterator[str]:
    for number, part in enumerate(re.split(r"\{(\w+)\}", sentence)):
        yield f"(?P<{part}>.+?)" if number % 2 else re.escape(part)


#: All sentences; `steps` fills it.
VOCABULARY = Vocabulary()
