"""What was entered wrongly is told by the place where it stands, however deep."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework import serializers

from vre_portal.error_mapping import problem_response


class _Author(serializers.Serializer[object]):
    name = serializers.CharField()
    orcid = serializers.CharField()


class _Wish(serializers.Serializer[object]):
    title = serializers.CharField()
    authors = _Author(many=True, required=False)
    words = serializers.ListField(child=serializers.CharField(max_length=3), required=False)
    sizes = serializers.DictField(child=serializers.IntegerField(), required=False)


@pytest.mark.parametrize(
    ("told", "field", "words"),
    [
        ({}, "title", "title: This field is required."),
        (
            {"title": "t", "authors": [{"name": "a", "orcid": "o"}, {"name": "b"}]},
            "authors",
            "authors.1.orcid: This field is required.",
        ),
        ({"title": "t", "sizes": {"x": "many"}}, "sizes", "sizes.x: A valid integer is required."),
        (
            {"title": "t", "words": ["abc", "abcd"]},
            "words",
            "words.1: Ensure this field has no more than 3 characters.",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(told: Any, field: str, words: str) -> None:
    wish = _Wish(data=told)
    with pytest.raises(serializers.ValidationError) as caught:
        wish.is_valid(raise_exception=True)

    answer = problem_response(caught.value, {})

    assert answer is not None
    assert (answer.data["field"], answer.data["detail"]) == (field, words)
