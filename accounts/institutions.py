"""Home institutions: found by name, abbreviation or e-mail domain, however one types it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import connection, transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts import providers
from accounts.models import Institution

MOST_SHOWN = 12
LONGEST_QUERY = 100
#: Below this likeness a word is another word, not a slip of the fingers.
SIMILAR = 0.5
#: So many words of the query are compared; planning takes milliseconds for each.
MOST_COMPARED = 2
#: Of institutions that are merely like the query, at most so many are ranked.
MOST_RANKED = 60
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
    starts = Q()
    for word in words:
        starts &= _at_start(word, "\n", " ")
    exact = Q(abbreviations__contains=[query.upper()])
    order = Case(
        When(Q(domains__overlap=domains) | exact if domains else exact, then=Value(0)),
        When(_at_start(" ".join(words), "\n"), then=Value(1)),
        When(starts, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return list(rows.annotate(rank=order).order_by("rank", "name")[:MOST_SHOWN])


def _at_start(text: str, *before: str) -> Q:
    """Return the condition that a form begins with a text, or that it stands after one of these."""
    found = Q(folded__startswith=text)
    for mark in before:
        found |= Q(folded__contains=mark + text)
    return found


def _alike(rows: QuerySet[Institution], words: list[str]) -> list[Institution]:
    """Return institutions that have nearly the longest words of the query: the last resort.

    A word such as "univrsity" is like thousands: only so many of them are ranked.
    """
    near = rows.order_by()
    # Shorter ones, such as "of", are like too many others.
    for word in sorted(words, key=len, reverse=True)[:MOST_COMPARED]:
        near = near.filter(folded__trigram_word_similar=word)
    likeness = TrigramWordSimilarity(" ".join(words), "folded")
    best = Institution.objects.filter(pk__in=near.values("pk")[:MOST_RANKED])
    ranked = best.annotate(likeness=likeness).order_by("-likeness", "name")
    with transaction.atomic(), connection.cursor() as cursor:
        # PostgreSQL takes the comparison for cheap and would make it with every row.
        cursor.execute(
            "SELECT set_config('enable_seqscan', 'off', true), "
            "set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(SIMILAR)]
        )  # fmt: skip
        return list(ranked[:MOST_SHOWN])


def row_of(entry: Mapping[str, object]) -> Institution:
    """Return the row for one entry of a feed, with its folded forms."""
    row = Institution(**entry)
    texts = [row.name, *row.names.values(), *row.abbreviations, *row.domains]
    row.folded = folded_forms(texts)
    return row
