"""Dates and times that YAML has without quotes: read as texts, as they were given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import yaml
from yaml.nodes import ScalarNode

_TAG = "tag:yaml.org,2002:timestamp"


class Dated(str):
    """A date, or a date with a time, that stands without quotes in YAML; nobody checked it."""

    __slots__ = ()

    @property
    def kind(self) -> type[date] | None:
        """Whether it is a `date` or a `datetime`; None where no calendar or clock has it."""
        return kind_of(self)


def kind_of(text: str) -> type[date] | None:
    """Return as what YAML reads a text: a `date`, a `datetime`, or None for anything else."""
    loader = yaml.SafeLoader("")
    try:
        resolve: Callable[..., str | None] = loader.resolve
        if text != text.strip() or resolve(ScalarNode, text, (True, False)) != _TAG:
            return None
        found = loader.construct_yaml_timestamp(ScalarNode(_TAG, text))
    except ValueError:
        return None
    finally:
        loader.dispose()
    return datetime if isinstance(found, datetime) else date


class _Plain(yaml.SafeLoader):
    """Reads dates as plain texts, so that JSON and YAML can say them again."""


class _Marked(yaml.SafeLoader):
    """Reads dates as texts that are known to be dates."""


def _text(loader: yaml.SafeLoader, node: ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _dated(loader: yaml.SafeLoader, node: ScalarNode) -> Dated:
    return Dated(loader.construct_scalar(node))


_Plain.add_constructor(_TAG, _text)
_Marked.add_constructor(_TAG, _dated)


def load(text: str) -> Any:
    """Return a document of YAML with its dates as texts."""
    return yaml.load(text, _Plain)  # noqa: S506 - it makes no more than the safe loader


def load_marked(text: str) -> Any:
    """Return a document of YAML with its dates as `Dated`."""
    return yaml.load(text, _Marked)  # noqa: S506 - it makes no more than the safe loader
