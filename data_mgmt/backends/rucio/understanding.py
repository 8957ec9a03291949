"""What Rucio answers in a shape that nobody expects is a fault of Rucio's, not of the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import isfunction
from typing import Any, TypeVar

from data_mgmt.backends.rucio.rest import NAME, SERVICE
from vre_portal.errors import UpstreamRefused

C = TypeVar("C")
#: What Python says of a row that lacks a member, is of another type, or holds an unknown word.
MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)


def understood(adapter: type[C]) -> type[C]:
    """Let each public method of an adapter tell a misshapen answer in the portal's terms."""
    for name in dir(adapter):
        method = getattr(adapter, name)
        if isfunction(method) and not name.startswith("_"):
            setattr(adapter, name, _guarded(method))
    return adapter


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with _told():
            found = method(*args, **kwargs)
        return _each(found) if isinstance(found, Iterator) else found

    return call


def _each(rows: Iterator[Any]) -> Iterator[Any]:
    with _told():
        yield from rows


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except MISSHAPEN as exc:
        raise UpstreamRefused(
            f"{NAME} gave an answer that the portal does not understand. Try again.",
            service=SERVICE,
        ) from exc
