"""What a campaign may collect, as the recorded outputs of its version show it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from reproducibility.models import AnalysisVersion
from reproducibility.services.campaigns.results import Declared
from reproducibility.services.parameters import parameters_of

#: Numbers that are proposed, how deep in a file they may lie, and the bytes of a file.
MOST, DEEPEST, MOST_BYTES = 8, 4, 256 << 10

Keys = tuple[str, ...]


def proposed(version: AnalysisVersion) -> list[Declared]:
    """Return the first numbers of the recorded JSON outputs, each under a name of its own.

    A name is as short as it can be: the last part of the place, else the whole place.
    """
    found = list(_numbers(version))
    taken = Counter(keys[-1] for _path, keys in found) + Counter(parameters_of(version).keys())
    names: dict[str, Declared] = {}
    for path, keys in found:
        where = ".".join(keys)
        ways = [keys[-1], where, f"{PurePosixPath(path).stem}.{where}"]
        name = next((each for each in ways if taken[each] <= (each == keys[-1])), ways[-1])
        names.setdefault(name, Declared(name, path, where))
    return list(names.values())[:MOST]


def _numbers(version: AnalysisVersion) -> Iterator[tuple[str, Keys]]:
    for output in version.outputs.filter(path__iendswith=".json", size__lte=MOST_BYTES):
        try:
            told = json.loads(bytes(output.content))
        except (ValueError, RecursionError):
            continue
        if not any(letter.isspace() for letter in output.path):
            yield from ((output.path, keys) for keys in _places(told, ()))


def _places(told: object, keys: Keys) -> Iterator[Keys]:
    """Yield where numbers are; names that a place can't be written with are passed over."""
    if isinstance(told, dict) and len(keys) < DEEPEST:
        for key, value in told.items():
            if key and not any(letter in ".[]" or letter.isspace() for letter in key):
                yield from _places(value, (*keys, key))
    elif isinstance(told, int | float) and not isinstance(told, bool) and keys:
        yield keys
