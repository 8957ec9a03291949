"""How a citation reads: as a sentence (DataCite's form), and as an entry of BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reproducibility.crate.citation import Citation, is_group, parts_of

DOI = "https://doi.org/"
#: What BibTeX and TeX take for their own, each as it is written to be seen.
_TEX = str.maketrans(
    {each: f"\\{each}" for each in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
_NO_KEY = re.compile(r"[^a-z0-9]+")


def sentence(citation: Citation, *, publisher: str) -> str:
    """Return a citation for the list of references of a paper."""
    names = "; ".join(each.name for each in citation.authors)
    head = f"{names} ({_year(citation)})" if names else f"({_year(citation)})"
    title = f"{citation.title} (Version {citation.version})"
    return f"{head}. {title}. {publisher}. {_link(citation)}"


def bibtex(citation: Citation, *, key: str, publisher: str) -> str:
    """Return a citation as BibTeX; `key` becomes its name there."""
    name = _NO_KEY.sub("_", f"{key}_{citation.version}".lower()).strip("_")
    lines = [f"  {field} = {{{value}}}" for field, value in _fields(citation, publisher) if value]
    return f"@misc{{{name},\n" + ",\n".join(lines) + "\n}\n"


def _fields(citation: Citation, publisher: str) -> Iterator[tuple[str, str]]:
    yield "author", " and ".join(_author(each.name) for each in citation.authors)
    # A second pair of braces keeps the title's capitals.
    yield "title", f"{{{_tex(citation.title)}}}"
    yield "year", _year(citation)
    yield "version", _tex(citation.version)
    yield "publisher", _tex(publisher)
    yield "doi", citation.doi
    yield "url", _link(citation)


def _author(name: str) -> str:
    """Return a name as BibTeX reads it; what is no person's stays in one piece."""
    given, family = parts_of(name)
    if given and not is_group(name):
        return f"{_tex(family)}, {_tex(given)}"
    words = name.lower().split()
    # "and" would begin another author, and more than one comma is no name.
    is_whole = is_group(name) or len(words) < 2 or "and" in words or name.count(",") > 1
    return f"{{{_tex(name)}}}" if is_whole else _tex(name)


def _tex(text: str) -> str:
    return " ".join(text.translate(_TEX).split())


def _year(citation: Citation) -> str:
    return str(citation.released.year) if citation.released else ""


def _link(citation: Citation) -> str:
    return f"{DOI}{citation.doi}" if citation.doi else citation.url
