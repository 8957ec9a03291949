"""ORCID iDs: sixteen digits, the last of them a check (ISO 7064, MOD 11-2)."""

from __future__ import annotations

import re

FORM = re.compile(r"(?:https?://orcid\.org/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])")


def checked(text: str) -> str:
    """Return an ORCID iD as it is written, with dashes.

    Raises
    ------
    ValueError
        It is none, or a digit is wrong.
    """
    found = FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError("An ORCID iD has sixteen digits, such as 0000-0002-1825-0097.")
    digits = "".join(found.groups()).upper()
    if check_digit(digits[:15]) != digits[15]:
        raise ValueError("This ORCID iD has a wrong digit. Copy it from orcid.org.")
    return "-".join(group.upper() for group in found.groups())


def check_digit(base: str) -> str:
    """Return the last character that belongs to the first fifteen digits."""
    total = 0
    for digit in base:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return "X" if rest == 10 else str(rest)
