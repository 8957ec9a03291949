"""From text to a query: a small recursive parser that names the place where it gave up.

query     = either ?
either    = all { "OR" all }
all       = one { [ "AND" ] one }
one       = "NOT" one | "(" either ")" | condition
condition = field op value | field "in" "(" value { "," value } ")" | field "exists" | word
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from data_mgmt.query import (
    FIELDS,
    NAME,
    ORDERED,
    RESERVED,
    SCOPE,
    TEXTS,
    TYPE,
    And,
    Compare,
    Exists,
    Field,
    Node,
    Not,
    OneOf,
    Op,
    Or,
    Text,
    Value,
    Word,
    conjuncts,
)
from data_mgmt.query.values import value_for
from vre_portal.errors import InvalidRequest

MAX_TEXT = 4000
MAX_DEPTH = 20
MAX_PARTS = 60
MAX_LIST = 200
MAX_VALUE = 250
_TOKEN = re.compile(
    r"""\s*(?: (?P<quoted>"(?:[^"\\]|\\.)*") | (?P<mark>[(),]) | (?P<op><=|>=|!=|[=<>~:])
        | (?P<bare>[^\s()"=<>!~,:\\]+) )""",
    re.VERBOSE,
)
#: After an operator a value goes on to the next space, so that moments need no quotes.
_VALUE = re.compile(r"[^\s()\",]+")
END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, and where it stands."""

    kind: str
    text: str
    at: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of some words, unquoted."""
        return self.kind == "bare" and self.text in words


def parse(text: str, *, scopes: Collection[str] = ()) -> Node:
    """Return what a text asks for; `scopes` are those that ``scope:name`` may begin with.

    Raises
    ------
    InvalidRequest
        It can't be read; the message says where, and what was expected there.
    """
    if len(text) > MAX_TEXT:
        raise InvalidRequest(
            _("This search is too long: %(most)d characters at most.") % {"most": MAX_TEXT},
            field="q",
        )
    return _Parser(text, frozenset(scopes)).query()


class _Parser:
    def __init__(self, text: str, scopes: frozenset[str]) -> None:
        self._text, self._scopes = text, scopes
        self._at = self._depth = self._parts = 0

    def query(self) -> Node:
        if self._peek().kind == END:
            return And()
        found = self._either()
        if self._peek().kind != END:
            raise self._fault(_("a condition, OR, or the end"))
        return found

    def _either(self) -> Node:
        parts = [self._all()]
        while self._peek().is_word("OR"):
            self._next()
            parts.append(self._all())
        flat = [
            each for part in parts for each in (part.parts if isinstance(part, Or) else (part,))
        ]
        return flat[0] if len(flat) == 1 else Or(tuple(flat))

    def _all(self) -> Node:
        parts = [self._one()]
        while True:
            token = self._peek()
            if token.is_word("AND"):
                self._next()
            elif token.kind == END or token.is_word("OR") or token.text == ")":
                break
            parts.append(self._one())
        flat = [each for part in parts for each in conjuncts(part)]
        return flat[0] if len(flat) == 1 else And(tuple(flat))

    def _one(self) -> Node:
        token = self._peek()
        if token.is_word("NOT"):
            self._next()
            with self:
                return Not(self._one())
        if token.kind == "mark" and token.text == "(":
            self._next()
            with self:
                found = self._either()
            if self._peek().text != ")":
                raise self._fault(_("a closing parenthesis"))
            self._next()
            return found
        return self._condition()

    def __enter__(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault(_("fewer parentheses and NOT inside each other"))

    def __exit__(self, *_: object) -> None:
        self._depth -= 1

    def _condition(self) -> Node:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise self._fault(_("at most %(most)d conditions") % {"most": MAX_PARTS})
        token = self._peek()
        if token.kind not in {"bare", "quoted"} or token.is_word(*RESERVED):
            raise self._fault(_("a condition such as size>1GB, or a part of a name"))
        self._next()
        name = _unquoted(token)
        field = Field(name, token.kind == "quoted" or name not in FIELDS)
        after = self._peek()
        if after.kind == "op":
            return self._comparison(token, field)
        if after.kind == "bare" and after.text.lower() == "exists":
            self._next()
            return Exists(field)
        opens = self._text[after.end :].lstrip()[:1] == "("
        if after.kind == "bare" and after.text.lower() == "in" and opens:
            self._next()
            return self._list(field)
        if not name.strip():
            raise self._fault(_("a part of a name"), at=token.at)
        return Word(name)

    def _comparison(self, named: Token, field: Field) -> Node:
        operator = self._next()
        is_scope = field.is_key and named.kind == "bare" and field.name in self._scopes
        if operator.text == ":" and is_scope:
            return self._in_scope(field.name)
        at = self._after_spaces()
        value = self._value(field)
        starred = isinstance(value, Text) and "*" in value.value
        if operator.text == ":":
            return Compare(field, Op.LIKE if starred else Op.EQ, value)
        op = Op(operator.text)
        plain = not field.is_key and field.name in TEXTS
        if plain and (op in ORDERED or (field.name == TYPE and op is Op.LIKE)):
            raise self._fault(_("= or : after %(field)s") % {"field": field.name}, at=operator.at)
        if op is Op.LIKE and not (plain or field.is_key):
            raise self._fault(
                _("=, < or > after %(field)s") % {"field": field.name}, at=operator.at
            )
        if op is Op.LIKE and not isinstance(value, Text):
            value = Text(self._text[at : self._at])
        return Compare(field, op, value)

    def _in_scope(self, scope: str) -> Node:
        """Read ``scope:name`` of a scope that there is."""
        name = self._value(Field(NAME, False))
        op = Op.LIKE if "*" in str(name.value) else Op.EQ
        within = Compare(Field(SCOPE, False), Op.EQ, Text(scope))
        return And((within, Compare(Field(NAME, False), op, name)))

    def _list(self, field: Field) -> Node:
        self._next()
        values = [self._value(field)]
        while self._peek().text == ",":
            self._next()
            values.append(self._value(field))
            if len(values) > MAX_LIST:
                raise self._fault(_("at most %(most)d values") % {"most": MAX_LIST})
        if self._peek().text != ")":
            raise self._fault(_("a comma or a closing parenthesis"))
        self._next()
        return OneOf(field, tuple(values))

    def _value(self, field: Field) -> Value:
        at = self._after_spaces()
        token = self._peek()
        if token.kind == "quoted":
            self._next()
            text = _unquoted(token)
        else:
            found = _VALUE.match(self._text, at)
            if found is None:
                raise self._fault(_("a value"))
            text, self._at = found[0], found.end()
        if len(text) > MAX_VALUE or "\x00" in text:
            raise self._fault(_("a shorter value"), at=at)
        try:
            return value_for(field, text, is_quoted=token.kind == "quoted")
        except ValueError as exc:
            raise self._fault(str(exc), at=at) from exc

    def _after_spaces(self) -> int:
        rest = self._text[self._at :]
        return self._at + len(rest) - len(rest.lstrip())

    def _peek(self) -> Token:
        at = self._after_spaces()
        if at == len(self._text):
            return Token(END, "", at, at)
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            words = _("a closing quote") if self._text[at] == '"' else _("a condition")
            raise self._fault(words)
        kind = str(found.lastgroup)
        return Token(kind, found[kind], found.start(kind), found.end())

    def _next(self) -> Token:
        token = self._peek()
        self._at = token.end
        return token

    def _fault(self, expected: str, *, at: int | None = None) -> InvalidRequest:
        place = self._after_spaces() if at is None else at
        rest = self._text[place : place + 20]
        words = _("At character %(at)d, before “%(rest)s”: expected %(expected)s.")
        if not rest:
            words = _("At its end: expected %(expected)s.")
        return InvalidRequest(
            words % {"at": place + 1, "rest": rest, "expected": expected}, field="q"
        )


def _unquoted(token: Token) -> str:
    if token.kind != "quoted":
        return token.text
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)
