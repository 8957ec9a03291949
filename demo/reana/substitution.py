"""Which local environment stands in for an image: the registry of `environments.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from demo.reana.environment import LocalEnvironment
from demo.reana.errors import Malformed
from demo.stack import REPOSITORY

REGISTRY = Path(__file__).parent / "environments.yaml"
OPTION = "accept_substitution"


class Environments:
    """The environments of this runner."""

    def __init__(self, known: Iterable[LocalEnvironment], *, default: str = "") -> None:
        self._known = tuple(known)
        self._default = default

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names by which a substitution is accepted."""
        return tuple(one.slug for one in self._known)

    def named(self, name: str) -> LocalEnvironment:
        """Return an environment by its short name or its title."""
        for one in self._known:
            if name in {one.slug, one.name}:
                return one
        raise Malformed(
            f"There is no local environment {name!r}; there are: {', '.join(self.names)}."
        )

    def for_image(self, image: str, *, accepted: str = "") -> LocalEnvironment:
        """Return what runs a step of an image; `accepted` is what the starter lets stand in.

        Raises
        ------
        Malformed
            No environment is meant for the image, and nobody accepted another one.
        """
        for one in self._known:
            if one.stands_in_for(image):
                return one
        if accepted or self._default:
            return self.named(accepted or self._default)
        raise Malformed(
            f"This runner runs no images, and no local environment stands in for {image!r}. Start"
            f" the run with the operational option {OPTION} ({' or '.join(self.names)}) to accept"
            " that one of them runs it."
        )

    def for_images(self, images: Sequence[str], *, accepted: str = "") -> LocalEnvironment:
        """Return the one environment that runs all steps of a run; without images the first."""
        if accepted:
            return self.named(accepted)
        fitting = {one.slug: one for one in (self.for_image(image) for image in images or ("",))}
        if len(fitting) == 1:
            return fitting.popitem()[1]
        raise Malformed(
            f"The steps need several local environments ({', '.join(fitting)}), and a workflow"
            f" engine runs in one. Accept one with the operational option {OPTION}."
        )


def read_environments(folder: Path, *, default: str = "") -> Environments:
    """Return the registry, whose environments are below a folder."""
    document: Mapping[str, Any] = yaml.safe_load(REGISTRY.read_text())
    known = (
        LocalEnvironment(
            name=entry["title"],
            folder=folder / entry["slug"],
            slug=entry["slug"],
            images=tuple(entry["images"]),
            lock=REPOSITORY / entry["lock"],
        )
        for entry in document["environments"]
    )
    return Environments(known, default=default)
