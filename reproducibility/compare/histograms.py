"""Histograms of ROOT: edges, labels, contents and errors of their bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from reproducibility.compare import trees
from reproducibility.compare.members import members
from reproducibility.compare.pairs import each
from reproducibility.compare.sides import both
from reproducibility.compare.tally import Tally

_AXES = {1: ("fXaxis",), 2: ("fXaxis", "fYaxis"), 3: ("fXaxis", "fYaxis", "fZaxis")}


def is_one(thing: Any) -> bool:
    """Tell whether an object is a histogram or a profile with bins."""
    return hasattr(thing, "errors") and hasattr(thing, "values") and hasattr(thing, "axis")


def compare(where: str, before: Any, after: Any, tally: Tally) -> None:
    """Tell which bins differ; how a histogram is drawn is left out."""
    heads = both(_head, before, after)
    trees.compare(where, *heads, tally, opened=members)
    if not tally.tolerance.statistical:
        trees.compare(where, *both(_fills, before, after), tally, opened=members)
    contents = both(_contents, before, after)
    errors = both(_errors, before, after)
    if contents[0].shape != contents[1].shape:
        tally.told(f"{where} bins", "length", contents[0].shape, contents[1].shape)
        return
    edges = both(_edges, before, after)
    for axis, pair in enumerate(zip(*edges, strict=True)):
        name = f"{where}.axis {axis} edges"
        tally.numbers(name, *pair, tested=False)  # where bins are is no chance
        tally.settle(name, drawn=False)
    variances = errors[0] ** 2 + errors[1] ** 2
    drawn = edges[0][0] if contents[0].ndim == 1 else ()
    tally.histogram(where, drawn, *each(np.ravel, *contents), variances.ravel())
    name = f"{where}.errors"
    if not tally.tolerance.statistical and not tally.ignores(name):  # the test has used them
        tally.numbers(name, *each(np.ravel, *errors), "[bin {}]".format)
        tally.settle(name, drawn=False)


def _fills(thing: Any) -> dict[str, Any]:
    """Return what differs with each filling: the number of entries, and what was fitted."""
    fitted = thing.member("fFunctions", none_if_missing=True)
    return {"entries": thing.member("fEntries", none_if_missing=True), "functions": fitted}


def _contents(thing: Any) -> Any:
    return np.asarray(thing.values(flow=True), np.float64)


def _errors(thing: Any) -> Any:
    return np.asarray(thing.errors(flow=True), np.float64)


def _edges(thing: Any) -> list[Any]:
    return [np.asarray(axis.edges(flow=False), np.float64) for axis in thing.axes]


def _head(thing: Any) -> dict[str, Any]:
    held: dict[str, Any] = {"title": thing.member("fTitle", none_if_missing=True)}
    for number, axis in enumerate(thing.axes):
        name = _AXES[len(thing.axes)][number]
        held[name] = {
            "title": axis.member("fTitle", none_if_missing=True),
            "labels": list(axis.labels() or ()),
        }
    return held
