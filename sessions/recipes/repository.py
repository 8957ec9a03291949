"""Which file of a repository says what its environment is made of, as Binder looks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sessions.recipes.lines import hold_text
from sessions.recipes.requirements import parse
from vre_portal.errors import InvalidRequest

FOLDERS = ("binder/", ".binder/", "")
FILES = ("environment.yml", "environment.yaml", "requirements.txt")
#: What Binder would act upon too, and what is not acted upon here.
LEFT_OUT = (
    "Dockerfile", "apt.txt", "postBuild", "start", "install.R", "Project.toml", "runtime.txt",
    "default.nix", "setup.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Picked:
    """The file that counts, with all that it includes, and what beside it was left out."""

    name: str
    text: str
    left_out: tuple[str, ...] = ()


def pick(files: Mapping[str, str]) -> Picked:
    """Return the file that counts among a repository's.

    Raises
    ------
    InvalidRequest
        There is none, or what it includes can't be used.
    """
    for folder in FOLDERS:
        for file in FILES:
            if (path := f"{folder}{file}") in files:
                left_out = tuple(each for each in LEFT_OUT if f"{folder}{each}" in files)
                return Picked(path, _whole(path, files), left_out)
    raise InvalidRequest(
        "The repository has no requirements.txt and no environment.yml, neither at its top nor in "
        "binder/ or .binder/.",
        field="repository",
    )


def _whole(path: str, files: Mapping[str, str]) -> str:
    text = files[path]
    hold_text(path, text)
    if not path.endswith(".txt") or not _includes(text):
        return text
    return "".join(f"{line}\n" for line in parse(text, name=path, others=files))


def _includes(text: str) -> bool:
    return any(line.lstrip().startswith(("-r", "--requirement")) for line in text.splitlines())
