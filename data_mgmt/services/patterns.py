"""How people write what a subscription looks for: ``*`` for any text, ``re:`` before an expression.

A data service holds regular expressions, which match from the beginning. One that people did not
write with stars is shown, and taken, as it is behind ``re:``.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from vre_portal.errors import InvalidRequest

EXPRESSION = "re:"
_ESCAPED = re.compile(r"\\(.)")


def as_expression(text: str, field: str) -> str:
    """Return the regular expression of what somebody wrote.

    Raises
    ------
    InvalidRequest
        It is no regular expression; `field` names the field.
    """
    if not text.startswith(EXPRESSION):
        return ".*".join(re.escape(part) for part in re.split(r"\*+", text)) + "$"
    expression = text.removeprefix(EXPRESSION)
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError) as exc:
        words = _("%(field)s: %(text)s is no regular expression.")
        raise InvalidRequest(words % {"field": field, "text": text}, field=field) from exc
    return expression


def as_text(expression: str) -> str:
    """Return how somebody would write a regular expression."""
    parts = expression.removesuffix("$").split(".*")
    plain = "*".join(_ESCAPED.sub(r"\1", part) for part in parts)
    if plain and not plain.startswith(EXPRESSION) and as_expression(plain, "") == expression:
        return plain
    return EXPRESSION + expression
