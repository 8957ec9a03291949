"""What a crate of another maker says: its profile, its workflow, and where its files are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reproducibility.crate.entities import Entities, text, types
from reproducibility.crate.profiles import profile_of
from reproducibility.crate.reading import language_of, workflow_of
from reproducibility.crate.terms import DESCRIPTORS, is_address, path_of

#: Languages that REANA has an engine for, by what others call them.
ENGINES = {
    "cwl": "cwl", "common workflow language": "cwl",
    "snakemake": "snakemake", "yadage": "yadage", "reana": "reana",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Foreign:
    """A crate as its maker tells it; `entry` is the path of its workflow, empty without one.

    `engine` is the one of REANA that runs the language, if any. `local` are the paths of files
    that should be in the crate, `elsewhere` the addresses of those that are not.
    """

    profile: str
    entry: str
    language: str
    engine: str
    local: tuple[str, ...]
    elsewhere: tuple[str, ...]

    def missing(self, held: Collection[str]) -> list[str]:
        """Return the files that are not in the crate, those elsewhere first."""
        return [*self.elsewhere, *(path for path in self.local if path not in held)]


def foreign(entities: Entities) -> Foreign:
    """Return what a crate says of itself."""
    entry, language = str(workflow_of(entities).get("@id", "")), language_of(entities)
    keys = [str(each["@id"]) for each in entities if "File" in types(each)]
    local = (path_of(key) for key in keys if not is_address(key) and not key.startswith("#"))
    return Foreign(
        profile=profile_of(entities),
        entry="" if is_address(entry) else path_of(entry),
        language=language,
        engine=ENGINES.get(language.lower(), ""),
        local=tuple(path for path in local if path not in DESCRIPTORS),
        elsewhere=tuple(text(key) for key in keys if is_address(key)),
    )
