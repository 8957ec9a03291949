"""After all journeys: no token that a provider issued stands anywhere in clear.

The providers wrote down each token that they gave; these very strings are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

from demo import certified
from demo.portal.component import variables
from demo.stack import Stack
from tests.e2e.conftest import Person

#: The id_token goes back to its provider as a hint at the sign-out, as RP-Initiated Logout has it.
HINT = re.compile(
    r"id_token_hint(=|%3D)[\w.-]+|\"name\": ?\"id_token_hint\",\s*\"value\": ?\"[^\"]*\""
)
#: So many of a token's last letters tell it from all other text.
END = 20
#: Tokens may be, by design, in Rucio's own table and in the files of a session that only it reads.
FOLDERS = ("logs", "portal", "worker", "beat", "reana", "hub/hub.sqlite", "hub/settings.json")


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> frozenset[str]:
    """Every access, refresh and id token since the stack was made."""
    files = [*stack.state.glob("iam-*/issued-tokens.txt"), certified.record(stack)]
    told = {line for file in files for line in file.read_text().split()}
    assert len(told) > 50
    assert min(map(len, told)) >= END
    return frozenset(told)


def found(tokens: Iterable[str], places: Iterable[tuple[str, str]]) -> set[str]:
    """Return the places that hold a token.

    Texts are long and tokens many: only what could be one is looked at, by the ends of tokens.
    """
    ends = {token[-END:] for token in tokens}
    letters = re.escape("".join(sorted(set("".join(tokens)))))
    could_be = re.compile(f"[{letters}]{{{END},}}")
    return {
        name for name, text in places if any(_holds(ends, run) for run in could_be.findall(text))
    }


def _holds(ends: set[str], text: str) -> bool:
    return any(text[at : at + END] in ends for at in range(len(text) - END + 1))


def files_below(folder: Path) -> Iterator[tuple[str, str]]:
    for file in [folder, *folder.rglob("*")]:
        if file.is_file() and not file.is_symlink():
            yield str(file.name), file.read_text(errors="replace")


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield every row of the portal's database as text, and its binary columns as they are."""
    with psycopg.connect(variables(stack)["VRE_DATABASE_URL"]) as database:
        tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables.fetchall():
            ask = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            for row in database.execute(ask):
                yield table, " ".join(_text(value) for value in row)


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def kept_by_valkey(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield what queue, cache and channel layer hold."""
    with redis.Redis.from_url(variables(stack)["VRE_VALKEY_URL"]) as valkey:
        for key in valkey.scan_iter():
            yield _text(key), _text(valkey.dump(key) or b"")


def environments() -> Iterator[tuple[str, str]]:
    """Yield the environment and the command line of every process that may be read."""
    for process in Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try:
                yield f"{process.name}/{name}", (process / name).read_text(errors="replace")
            except OSError:  # it has ended, or is somebody else's
                continue


def seen_by_browsers() -> Iterator[tuple[str, str]]:
    """Yield all pages, addresses and websocket messages of all browsers."""
    for person in Person.everybody:
        person.context.close()
        yield person.record.name, HINT.sub("", person.record.read_text(errors="replace"))
        yield f"{person.record.name}, sockets", "\n".join(person.frames)


def test_what_is_looked_for_would_be_found(tokens: frozenset[str]) -> None:
    token = next(iter(tokens))

    assert found(tokens, [("here", f"Bearer {token}\n"), ("not here", token[:-1])]) == {"here"}


def test_no_log_and_no_working_folder_holds_a_token(stack: Stack, tokens: frozenset[str]) -> None:
    places = [place for name in FOLDERS for place in files_below(stack.state / name)]

    assert len(places) > 5
    assert found(tokens, places) == set()


def test_no_column_of_the_database_holds_a_token(stack: Stack, tokens: frozenset[str]) -> None:
    places = list(rows(stack))

    assert {"accounts_tokengrant", "accounts_auditevent"} <= {name for name, _text in places}
    assert found(tokens, places) == set()


def test_no_queue_and_no_cache_holds_a_token(stack: Stack, tokens: frozenset[str]) -> None:
    places = list(kept_by_valkey(stack))

    assert places
    assert found(tokens, places) == set()


def test_no_process_has_a_token_in_its_environment(tokens: frozenset[str]) -> None:
    assert found(tokens, environments()) == set()


def test_no_page_and_no_address_holds_a_token(tokens: frozenset[str]) -> None:
    places = list(seen_by_browsers())

    assert found(tokens, places) == set()
