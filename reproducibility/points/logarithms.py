"""Numbers between two others in equal ratios, the same to the last digit on every machine.

The `pow` and `exp` of the C libraries differ in the last digit. Those of `decimal` are rounded
correctly, as the specification asks (speleotrove.com/decimal).
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

#: Ten digits more than a float has.
_DIGITS = Context(prec=28)


def between(start: Decimal, stop: Decimal, part: Fraction | float) -> float:
    """Return ``start * (stop / start) ** part``, where part is from 0 to 1; the ends are exact."""
    if part in {0, 1}:
        return float(stop if part else start)
    share = Decimal(part) if isinstance(part, float) else _decimal(part)
    first, width = _ends(start, stop)
    value = _DIGITS.exp(_DIGITS.fma(share, width, first))
    # The last of the 28 digits may lie outside, and a float be on that side of it.
    return float(min(max(value, min(start, stop)), max(start, stop)))


def _decimal(part: Fraction) -> Decimal:
    return _DIGITS.divide(Decimal(part.numerator), Decimal(part.denominator))


@lru_cache(maxsize=256)
def _ends(start: Decimal, stop: Decimal) -> tuple[Decimal, Decimal]:
    first = _DIGITS.ln(start)
    return first, _DIGITS.subtract(_DIGITS.ln(stop), first)
