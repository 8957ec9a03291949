"""Parameters of a run: of the specification's names and types, and storable."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, Run
from vre_portal.errors import InvalidRequest


def test_good_parameters_are_kept(alice: User, analysis: Analysis) -> None:
    wanted = {"bins": 30, "low": 70, "label": "m", "quick": True}

    run = services.start_run(alice, analysis, parameters=wanted)

    assert run.parameters == {"bins": 30, "low": 70.0, "label": "m", "quick": True}


def test_an_unknown_name_says_which_there_are(alice: User, analysis: Analysis) -> None:
    with pytest.raises(InvalidRequest, match="there are: bins, low, label, quick") as refused:
        services.start_run(alice, analysis, parameters={"bin": 30})

    assert refused.value.field == "bin"
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("bins", "many", "give a whole number"),
        ("bins", 2.5, "give a whole number"),
        ("bins", True, "give a whole number"),
        ("bins", None, "give a whole number"),
        ("low", "60", "give a number"),
        ("low", float("inf"), "give a finite number"),
        ("low", float("nan"), "give a finite number"),
        ("low", 10**400, "give a number"),
        ("label", 5, "give a text"),
        ("label", "a\0b", "can't be used"),
        ("label", "\ud800", "can't be used"),
        ("quick", "false", "give true or false"),
        ("quick", 1, "give true or false"),
    ],
)
def test_a_value_of_another_type_is_refused(
    alice: User, analysis: Analysis, name: str, value: Any, says: str
) -> None:
    with pytest.raises(InvalidRequest, match=says) as refused:
        services.start_run(alice, analysis, parameters={name: value})

    assert refused.value.field == name
    assert not Run.objects.exists()
