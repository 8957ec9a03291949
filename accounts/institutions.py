"""Home institutions: found by name, abbreviation or e-mail domain, however one types it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts import providers
from accounts.models import Institution

MOST_SHOWN = 12
LONGEST_QUERY = 100
#: Below this likeness a word is another word, not a slip of the fingers.
SIMILAR = 0.5
#: Letters that are no base letter with a mark, by what people type for them.
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss",
     "\N{LATIN SMALL LETTER DOTLESS I}": "i", "ŋ": "n", "ħ": "h"}
)  # fmt: skip
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})


def fold(text: str) -> str:
    """Return a text as it is compared: small letters without marks, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", bare))


def folded_forms(texts: Iterable[str]) -> str:
    """Return every way in which these names may be typed, one a line.

    German and Nordic names are found with and without the vowel that stands for the mark:
    Göttingen as gottingen and as goettingen.
    """
    forms: dict[str, None] = {}
    for text in texts:
        forms[fold(text)] = None
        spelt = unicodedata.normalize("NFC", text.casefold()).translate(_UMLAUTS)
        forms[fold(spelt)] = None
    return "\n".join(form for form in forms if form)


def search(query: str) -> list[Institution]:
    """Return the institutions that fit best, the best first; none for an empty query."""
    query = query.strip()[:LONGEST_QUERY]
    reachable = Institution.objects.filter(provider__in=list(providers.registry()))
    domains = domains_of(query)
    words = fold(query).split()
    if not words:
        return []
    found = _ranked(_with_words(reachable, words, domains), words, query, domains)
    if not found and not domains:
        found = _alike(reachable, words)
    return found


def domains_of(query: str) -> list[str]:
    """Return the domain in an e-mail address or host name, and those above it but the top one."""
    host = query.rpartition("@")[2].strip().lower().rstrip(".")
    if "." not in host or not re.fullmatch(r"[\w.-]+", host):
        return []
    parts = host.split(".")
    return [".".join(parts[index:]) for index in range(len(parts) - 1)]


def find(entity_id: str) -> Institution | None:
    """Return the institution of an entity id, if a configured provider reaches it."""
    rows = Institution.objects.filter(provider__in=list(providers.registry()))
    return rows.filter(entity_id=entity_id).first() if entity_id else None


def _with_words(
    rows: QuerySet[Institution], words: list[str], domains: list[str]
) -> QuerySet[Institution]:
    every = Q()
    for word in words:
        every &= Q(folded__contains=word)
    return rows.filter(Q(domains__overlap=domains) | every if domains else every)


def _ranked(
    rows: QuerySet[Institution], words: list[str], query: str, domains: list[str]
) -> list[Institution]:
    whole = " ".join(words)
    starts = Q()
    for word in words:
        starts &= Q(folded__regex=rf"(^|\n| ){re.escape(word)}")
    order = Case(
        When(domains__overlap=domains or ["-"], then=Value(0)),
        When(abbreviations__contains=[query.upper()], then=Value(0)),
        When(folded__regex=rf"(^|\n){re.escape(whole)}", then=Value(1)),
        When(starts, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return list(rows.annotate(rank=order).order_by("rank", "name")[:MOST_SHOWN])


def _alike(rows: QuerySet[Institution], words: list[str]) -> list[Institution]:
    """Return institutions with words that are nearly the query's: the last resort."""
    likeness = TrigramWordSimilarity(" ".join(words), "folded")
    near = rows.filter(folded__trigram_word_similar=" ".join(words)).annotate(likeness=likeness)
    return list(near.filter(likeness__gte=SIMILAR).order_by("-likeness", "name")[:MOST_SHOWN])


def row_of(entry: Mapping[str, object]) -> Institution:
    """Return the row for one entry of a feed, with its folded forms."""
    row = Institution(**entry)
    texts = [row.name, *row.names.values(), *row.abbreviations, *row.domains]
    row.folded = folded_forms(texts)
    return row
