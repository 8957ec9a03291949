"""The documentation of the environments file is whole, and its example is valid."""

from __future__ import annotations

import re
from pathlib import Path

from sessions.definitions import Kind, Status, options, parse, reading, volumes

PAGE = (Path(__file__).parents[4] / "docs" / "sessions.md").read_text()
SECTION = PAGE.partition("\n## Environments\n")[2].partition("\n## ")[0]


def test_every_field_of_the_format_is_documented() -> None:
    fields = {
        *(*reading.FILE, *reading.CAPACITY, *reading.ENVIRONMENT, *options.OPTION),
        *(*options.CHOICE, *options.UNLISTED, *options.ACCELERATOR),
        *(*volumes.VOLUMES, *volumes.PROJECT),
    }
    told = set(re.findall(r"`(\w+)(?:: \w+)?`", SECTION))

    assert fields - told == set()


def test_every_kind_and_status_is_documented() -> None:
    assert {word for word in (*Kind, *Status) if f"`{word}`" not in SECTION} == set()


def test_the_example_is_valid() -> None:
    example = SECTION.partition("```yaml\n")[2].partition("```")[0]

    found = parse(example.replace("4f2c...", "0" * 64))

    assert found.environments[0].default
