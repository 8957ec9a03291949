"""Log records without secrets, each with the id of its request."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
#: The address of the client that the request came from; empty outside of requests.
client_address: ContextVar[str] = ContextVar("client_address", default="")

HIDDEN = "[hidden]"

# A line may be long and hostile: whatever repeats is bounded, or taken whole and never given back
# (`++` for letters, `(?>...)` for all else: before Python 3.11.5 `(?:...)++` forgets its groups).
_QUOTE = r"""(?:\\{0,8}["']|%(?:25){0,3}2[27])"""
#: Names of which the value is always a secret, and words that mean one only where it looks so.
_NAME = r"""
    (?:(?<![\w-])|(?<=[%5][0-9a-f]{2}))  # a word begins, maybe behind a sign written as %26
    (?>
        (?P<word>token|secret|password|verifier|assertion|(?P<code>code)|(?P<state>state))(?![\w-])
      | (?:(?P<cookies>(?:set-)?cookie)
        | [\w-]{0,64}(?:token|secret|password|verifier|assertion)(?:_hint|_key)?
        | [\w-]{0,64}authorization | device_code | user_code | vault_keys | sessionid
        | (?:__Host-)?vre_(?:session|csrf)\w{0,64}
        )(?![\w-]))"""
_SEPARATOR = rf"""
    (?>{_QUOTE}?\s{{0,3}}
      (?: (?P<prose>(?<=\w):\s{{1,3}}(?=\w)) | [=:] | %(?P<level>(?:25){{0,3}})3[ad]
        | (?(word)(?!)),(?=\s?b?["']) )  # two members of a tuple, as servers keep headers
      (?:\s|%(?:25){{0,3}}20){{0,3}})"""
_SCHEME = r"(?>(?:(?:basic|bearer|digest|dpop|negotiate|token)\s+)?)(?!\[hidden\])"
_VALUE = r"""
    (?!\[hidden\])[\[(]?+
    (?>b?(?P<one>["'])|(?P<inner>\\{1,8}["'])|(?P<encoded>%(?:25){0,3}2[27])|)
    (?!\[hidden\]|(?:none|null|true|false)(?!\w))
    (?(code)(?!-?\d{1,5}(?!\w)))
    (?(state)(?=[^\s&"',;]{12}))
    (?(word)(?(prose)(?=\S{20}|(?=\S{8})[^\s\d]{0,40}\d)))"""
_REST = r"""
    (?(one)(?>(?:\\.|(?!(?P=one))[^\\\r\n])+)
    |(?(inner)[^"'\\\r\n]++
    |(?(encoded)(?>(?:(?!%(?:25){0,3}2[27])[^\s&"'])+)
    |(?(cookies)[^\r\n"']++
    |(?>(?:(?(level)(?!%(?P=level)26))[^\s&"'<>,;)\]}\\])+)))))"""
_FLAGS = re.VERBOSE | re.IGNORECASE
_NAMED = re.compile(rf"(?P<kept>{_NAME}{_SEPARATOR}{_VALUE}{_SCHEME}){_REST}", _FLAGS)
_BEARER = re.compile(
    r"""(?P<kept>(?<![\w-])bearer(?:\s{1,3}|%20|\+))
    (?!\[hidden\]|(?:tokens?|realm|error|scheme|auth\w{0,11}|headers?|of|is|was|and|or)(?!\w))
    [^\s&"'<>,;)\]}\\]++""",
    _FLAGS,
)
#: Tokens that show what they are: the portal's own, and JSON signed or encrypted.
_BARE = re.compile(
    r"(?P<kept>)(?:vre_(?!(?:portal|session|csrf)(?![a-z0-9-]))[\w-]{16,}+"
    r"|eyJ[\w-]{8,}+(?:\.[\w-]*+){0,4})"
)


def scrub(text: str) -> str:
    """Return the text with tokens, codes, passwords and cookies replaced by a mark."""
    for pattern in (_NAMED, _BEARER, _BARE):
        text = pattern.sub(rf"\g<kept>{HIDDEN}", text)
    return text


class TokenFilter(logging.Filter):
    """Hides whatever looks like a token in a record: message, traceback, and what stands beside."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place and keep it."""
        record.msg, record.args = scrub(_message_of(record)), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and scrub(record.exc_text)
        record.stack_info = record.stack_info and scrub(record.stack_info)
        for name in vars(record).keys() - _USUAL:
            setattr(record, name, _clean(getattr(record, name), name))
        return True


_USUAL = frozenset(vars(logging.makeLogRecord({})))


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a wrong format must not break who logs
        return f"{record.msg} {record.args!r}"


def _clean(value: object, name: str = "") -> object:
    """Return a value without secrets: its own, and those of what it holds."""
    if isinstance(value, str):
        told = scrub(f"{name}={value}").removeprefix(f"{name}=")
        return HIDDEN if told.startswith(HIDDEN) else told
    if isinstance(value, Mapping):
        return {key: _clean(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(each, name) for each in value]
    return value


class RequestIdFilter(logging.Filter):
    """Gives each record the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id and keep the record."""
        record.request_id = request_id.get()
        return True
