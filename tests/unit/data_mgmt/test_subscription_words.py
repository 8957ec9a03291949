"""How people write what a subscription looks for, and how it is told in a sentence."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_mgmt.backends.subscriptions import (
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionState,
)
from data_mgmt.services.patterns import as_expression, as_text
from data_mgmt.subscription_words import sentence


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30))
def test_what_people_write_comes_back_and_means_what_it_says(text: str) -> None:
    if text.startswith("re:"):
        return
    expression = as_expression(text, "scope")

    assert as_expression(as_text(expression), "scope") == expression
    if "*" not in text:
        assert re.match(expression, text)
        assert not re.match(expression, f"{text}x")


@pytest.mark.parametrize(
    "expression", ["cms", "data1[12]_.*", "^x", "a.b$", ".+", "re:x", "$", "a\\"]
)
def test_an_expression_of_another_tool_is_kept_as_it_is(expression: str) -> None:
    assert as_text(expression) == f"re:{expression}"
    if expression != "a\\":
        assert as_expression(as_text(expression), "scope") == expression


def test_a_star_is_any_text_and_nothing_else_is_special() -> None:
    assert as_expression("a.b*", "scope") == "a\\.b.*$"
    assert as_text("a\\.b.*$") == "a.b*"


def test_a_subscription_is_told_in_a_sentence() -> None:
    found = Subscription(
        "1", "x", "dana", SubscriptionState.ACTIVE,
        SubscriptionFilter(
            scopes=("cms$", "user\\..*$"), types=("dataset",), pattern="raw.*$",
            excluded_pattern="raw\\.test.*$",
            metadata={"project": ("X$", "Y$"), "campaign": ("a",)},
        ),
        (
            SubscriptionRule("LAPP-DISK", 1, 30 * 86400),
            SubscriptionRule("country=France", 2),
            SubscriptionRule("type=TAPE", 0),
        ),
    )  # fmt: skip

    assert sentence(found) == (
        "Whenever a new dataset named raw* but not raw.test* with project=X or Y and"
        " campaign=re:a appears in scope cms or user.*, it is copied to LAPP-DISK for 30 days,"
        " 2 of country=France and each of type=TAPE."
    )
