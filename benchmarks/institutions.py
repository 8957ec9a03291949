"""How quickly the sign-in page finds an institution among 6,000, however it is typed."""

from __future__ import annotations

import argparse
import csv
import math
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import requests

from demo.portal.component import variables
from demo.stack import REPOSITORY, Stack

PROVIDER = "escape"
FEED = REPOSITORY / "demo" / "institutions" / f"{PROVIDER}.csv"
#: 30 x 40 places with five institutions each.
STARTS = (
    "Al", "Bern", "Bré", "Cas", "Dor", "Elm", "Fals", "Gött", "Hal", "Ill", "Jön", "Karl", "Linz",
    "Mör", "Nor", "Öst", "Pra", "Quim", "Ros", "Salz", "Tur", "Ulm", "Val", "Wes", "Xan", "Ypr",
    "Zür", "Århus", "Łód", "Škof",
)  # fmt: skip
ENDS = (
    "ach", "berg", "bourg", "brück", "burg", "by", "castle", "cester", "dal", "dorf", "eau", "feld",
    "field", "ford", "furt", "grad", "ham", "haven", "heim", "holm", "ing", "ingen", "ka",
    "kirchen", "lund", "lyn", "mark", "mouth", "nau", "ova", "pool", "port", "rode", "sand", "stad",
    "stein", "ton", "ville", "wick", "ów",
)  # fmt: skip
KINDS = (
    ("University of {}", "Universität {}", "U"),
    ("Technische Universität {}", "{} University of Technology", "TU"),
    ("Institut national de physique de {}", "National Institute of Physics {}", "INP"),
    ("Hochschule für angewandte Wissenschaften {}", "{} University of Applied Sciences", "HAW"),
    ("Observatorio astronómico de {}", "{} Observatory", "OBS"),
)
#: What people type; the last ones fit nothing as they stand.
QUERIES = {
    "a name": "gottingen",
    "two words": "observatory salzburg",
    "a word of thousands": "university",
    "two letters": "un",
    "an abbreviation": "TUZÜRING",
    "an e-mail address": "somebody@physics.tu-halford.example",
    "a slip of the fingers": "gottignen",
    "a slip in thousands": "univrsity",
    "two slips": "univrsity bernkirchn",
    "nothing at all": "zzqxwvkp",
    "a long nothing": "department of comparative underwater basket weaving and knitting",
}
#: Seconds that 95 of 100 answers may take, page and all; generous: the machine is shared.
MOST_SECONDS = 0.2
TIMEOUT = 30


@dataclass(frozen=True)
class Search:
    """How long answers to one query took, in milliseconds."""

    name: str
    query: str
    found: int
    p50: float
    p95: float
    kept: bool

    def line(self) -> str:
        """Return it as people read it."""
        mark = "" if self.kept else "  BEYOND ITS BOUND"
        figures = f"p50 {self.p50:7.1f} ms   p95 {self.p95:7.1f} ms   {self.found:2} shown"
        return f"institutions: {self.name:22} {figures}{mark}"


def run(stack: Stack, options: argparse.Namespace) -> list[Search]:
    """Load 6,000 institutions, ask for each query so often, and put back what was there."""
    with _loaded(stack), requests.Session() as browser:
        page = stack.url("portal", "/accounts/login/")
        browser.get(page, timeout=TIMEOUT)
        return [_asked(browser, page, name, options.searches) for name in QUERIES]


def entries() -> Iterator[dict[str, str]]:
    """Yield 6,000 made-up institutions as rows of the CSV feed."""
    for start, end in product(STARTS, ENDS):
        place = start + end
        for name, other, short in KINDS:
            host = f"{short}-{place}.example".lower()
            yield {
                "entity_id": f"https://idp.{host}/saml",
                "name": name.format(place),
                "other_names": other.format(place),
                "abbreviations": f"{short}{place[:6]}".upper(),
                "domains": host,
                "country": "",
                "error_url": "",
            }


def write_feed(path: Path) -> None:
    """Write the demo's own institutions and the made-up ones as one feed."""
    with FEED.open(encoding="utf-8", newline="") as own:
        rows = [*csv.DictReader(own), *entries()]
    with path.open("w", encoding="utf-8", newline="") as feed:
        writer = csv.DictWriter(feed, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def _loaded(stack: Stack) -> Iterator[None]:
    path = stack.folder("portal") / "benchmark-institutions.csv"
    write_feed(path)
    try:
        _load(stack, path)
        yield
    finally:
        _load(stack, FEED)
        path.unlink()


def _load(stack: Stack, feed: Path) -> None:
    order = ["load_institutions", str(feed), "--provider", PROVIDER]
    subprocess.run(
        [str(stack.python("portal")), str(REPOSITORY / "manage.py"), *order],
        cwd=stack.folder("portal"),
        env={"PATH": os.defpath, **variables(stack)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )


def _asked(browser: requests.Session, page: str, name: str, calls: int) -> Search:
    """Ask as the page does while somebody types."""
    query = QUERIES[name]
    spans: list[float] = []
    found = 0
    while len(spans) < calls:
        begun = time.perf_counter()
        answer = browser.get(page, params={"fragment": "found", "q": query}, timeout=TIMEOUT)
        span = time.perf_counter() - begun
        if answer.status_code == requests.codes.too_many_requests:
            time.sleep(int(answer.headers["Retry-After"]))  # the portal's own limit says when
            continue
        answer.raise_for_status()
        found = answer.text.count('name="idp"')
        spans.append(span)
    spans.sort()
    p50, p95 = spans[len(spans) // 2], spans[math.ceil(len(spans) * 0.95) - 1]
    return Search(name, query, found, p50 * 1000, p95 * 1000, p95 <= MOST_SECONDS)
