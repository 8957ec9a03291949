"""Log records without secrets, each with the id of its request."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
#: The address of the client that the request came from; empty outside of requests.
client_address: ContextVar[str] = ContextVar("client_address", default="")

_SECRETS = re.compile(
    r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a JWT
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{12,}"
    r"|(?<=[?&\s\"'])((?:access_token|id_token|refresh_token|client_secret|code|state)=)[^&\s\"']+"
)


def scrub(text: str) -> str:
    """Return the text with tokens, codes and states replaced by a mark."""
    return _SECRETS.sub(lambda found: f"{found.group(1) or ''}[hidden]", text)


class TokenFilter(logging.Filter):
    """Hides whatever looks like a token in a record's finished message."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place and keep it."""
        record.msg, record.args = scrub(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True


class RequestIdFilter(logging.Filter):
    """Gives each record the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id and keep the record."""
        record.request_id = request_id.get()
        return True
