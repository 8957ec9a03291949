"""ORCID iDs with right and wrong digits."""

from __future__ import annotations

import pytest

from reproducibility.services.captures.orcid import checked


@pytest.mark.parametrize(
    "text",
    ["0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097", " 0000000218250097 "],
)
def test_an_orcid_is_written_with_dashes(text: str) -> None:
    assert checked(text) == "0000-0002-1825-0097"


def test_the_check_digit_may_be_an_x() -> None:
    assert checked("0000-0002-1694-233x") == "0000-0002-1694-233X"


@pytest.mark.parametrize("text", ["0000-0002-1825-0098", "0000-0002-1852-0097"])
def test_a_mistyped_digit_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="wrong digit"):
        checked(text)


@pytest.mark.parametrize("text", ["", "ada", "0000-0002-1825", "X000-0002-1825-0097"])
def test_what_is_no_orcid_is_told_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match="sixteen digits"):
        checked(text)
