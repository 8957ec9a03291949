"""A parameter that is a date without quotes reaches the commands as it was given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reproducibility.backends import WorkflowState
from reproducibility.backends.reana.bundles import SPECIFICATION, as_yaml
from reproducibility.specs.dates import load
from tests.contract.workflow_parts import World, a_name, specification, worlds


@pytest.fixture
def world() -> Iterator[World]:
    yield from worlds("real")


@pytest.mark.parametrize(
    ("parameters", "said"), [({}, "2024-01-31"), ({"word": "2024-02-29"}, "2024-02-29")]
)
def test_a_date_is_sent_as_a_text(world: World, parameters: dict[str, str], said: str) -> None:
    told = specification("mkdir -p data && touch data/in.txt")
    written = as_yaml(told).decode().replace("word: default", "word: 2024-01-31")
    files = {SPECIFICATION: written.encode()}
    workflow = world.backend.create(world.who, a_name(), load(written), files)

    world.backend.start(world.who, workflow.id, parameters)
    world.until(workflow, WorkflowState.FINISHED)

    pieces = world.backend.download(world.who, workflow.id, "results/out.txt")
    assert b"".join(pieces).decode().strip() == said
