"""Snakemake workflows: rules, and the files that one gives and another reads.

A Snakefile is Python that only Snakemake can run. What is read here are its rules with the texts in
`input` and `output`, which is what most of them consist of; anything else is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from reproducibility.specs.steps.common import MAX_STEPS, once, text_of, yaml_of
from reproducibility.specs.steps.values import Edges
from reproducibility.specs.tolerant import at, mapping

_RULE = re.compile(r"^(?:rule|checkpoint)(?:\s+(\w+))?\s*:", re.MULTILINE)
_SECTION = re.compile(r"^[ \t]+(\w+)[ \t]*:", re.MULTILINE)
_TEXT = re.compile(r"""(?s)'''(.*?)'''|\"""(.*?)\"""|'([^'\n]*)'|"([^"\n]*)\"""")
_CONFIGURED = re.compile(r"""config\[\s*['"](\w+)['"]\s*\]""")
_OF_RULE = re.compile(r"\brules\.(\w+)\.output|\bcheckpoints\.(\w+)\.get")
_COMMENT = re.compile(r"\s#")
_WILDCARD = re.compile(r"\{[^{}]*\}")

#: What a wildcard counts as: it fits any text, and another wildcard.
_ANY = "\x00"
#: Each file read is compared with each one given, so their number has a bound.
MAX_FILES = 1_000


@dataclass(slots=True)
class _Rule:
    reads: list[str] = field(default_factory=list)
    gives: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def snakemake(specification: Mapping[str, Any], files: Mapping[str, bytes]) -> Edges:
    """Return the rules with the rules that give what each one reads."""
    written = text_of(at(specification, "workflow", "file"), files)
    text = "\n".join(map(_uncommented, written.split("\n")))
    rules = dict(_rules(text, _configuration(specification, files)))
    if sum(len(rule.reads) + len(rule.gives) for rule in rules.values()) > MAX_FILES:
        return {}
    return {name: _before(name, rule, rules) for name, rule in rules.items()}


def _uncommented(line: str) -> str:
    """Return a line without its comment; a hash before a quote may be in a text."""
    if line.lstrip().startswith("#"):
        return ""
    comment = _COMMENT.search(line, max(line.rfind("'"), line.rfind('"')) + 1)
    return line[: comment.start()] if comment else line


def _configuration(
    specification: Mapping[str, Any], files: Mapping[str, bytes]
) -> Mapping[str, Any]:
    parameters = mapping(at(specification, "inputs", "parameters"))
    named = at(specification, "workflow", "parameters", "file") or parameters.get("input")
    return {**mapping(yaml_of(named, files)), **parameters}


def _rules(text: str, configuration: Mapping[str, Any]) -> Iterator[tuple[str, _Rule]]:
    found = list(islice(_RULE.finditer(text), MAX_STEPS + 1))
    names: set[str] = set()
    for number, head in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        name = once(head[1] or f"rule {number + 1}", names)
        names.add(name)
        yield name, _rule(text[head.end() : end], configuration)


def _rule(body: str, configuration: Mapping[str, Any]) -> _Rule:
    rule = _Rule()
    heads = list(_SECTION.finditer(body))
    for number, head in enumerate(heads):
        section = body[head.end() : heads[number + 1].start() if number + 1 < len(heads) else None]
        if head[1] == "input":
            rule.reads += _paths(section, configuration)
            rule.after += [each[1] or each[2] for each in _OF_RULE.finditer(section)]
        elif head[1] == "output":
            rule.gives += _paths(section, configuration)
    return rule


def _paths(section: str, configuration: Mapping[str, Any]) -> list[str]:
    keys = [found[1] for found in _CONFIGURED.finditer(section)]
    configured = [configuration.get(key) for key in keys]
    plain = _CONFIGURED.sub("", section)
    written = [next(filter(None, found.groups()), "") for found in _TEXT.finditer(plain)]
    named = [each for each in [*written, *configured] if isinstance(each, str) and each]
    return [_WILDCARD.sub(_ANY, each) for each in named]


def _before(name: str, rule: _Rule, rules: Mapping[str, _Rule]) -> list[str]:
    return [
        other
        for other, each in rules.items()
        if other != name
        and (other in rule.after or any(_same(x, y) for x in rule.reads for y in each.gives))
    ]


def _same(read: str, given: str) -> bool:
    """Whether a rule's output is what another one reads, wildcards on either side."""
    if _ANY not in read and _ANY not in given:
        return read == given
    heads = read.partition(_ANY)[0], given.partition(_ANY)[0]
    tails = read.rpartition(_ANY)[2], given.rpartition(_ANY)[2]
    return _fit(*heads) and _fit(tails[0][::-1], tails[1][::-1])


def _fit(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
