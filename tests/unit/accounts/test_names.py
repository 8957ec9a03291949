"""Handles, groups and roles: from hostile claims to safe names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.groups import groups_of, roles_of
from accounts.handles import handle_for
from accounts.providers import Provider

PROVIDER = Provider(
    slug="checkin",
    name="Check-in",
    issuer="https://aai.example/",
    client_id="portal",
    client_secret="",
    groups_claim="eduperson_entitlement",
    group_authorities=("aai.egi.eu",),
    roles=(("km3net/managers", "datamanager"), ("km3net", "no-such-role")),
)


@given(st.text(), st.text(), st.text())
def test_every_handle_is_a_valid_account_name(issuer: str, subject: str, name: str) -> None:
    handle = handle_for(issuer, subject, name)

    assert re.fullmatch(r"[a-z][a-z0-9-]{0,19}", handle)
    assert len(f"user.{handle}") <= 25


def test_a_handle_is_the_same_every_time() -> None:
    assert handle_for("i", "s", "Ada Łovelace") == handle_for("i", "s", "Ada Łovelace")


def test_equal_names_of_two_people_differ() -> None:
    assert handle_for("i", "s1", "ada") != handle_for("i", "s2", "ada")


@pytest.mark.parametrize(
    ("entitlement", "group"),
    [
        ("urn:mace:egi.eu:group:km3net:role=member#aai.egi.eu", ["km3net"]),
        ("urn:mace:egi.eu:group:km3net:managers#aai.egi.eu", ["km3net/managers"]),
        ("urn:mace:egi.eu:group:km3net#evil.example", []),
        ("urn:mace:nonsense", []),
        ("/escape/cms", ["/escape/cms"]),
    ],
)
def test_entitlements_become_groups(entitlement: str, group: list[str]) -> None:
    assert groups_of(PROVIDER, {"eduperson_entitlement": [entitlement]}) == group


@pytest.mark.parametrize("told", [None, 7, {"a": 1}, [7, None]])
def test_nonsense_groups_are_none(told: object) -> None:
    assert groups_of(PROVIDER, {"eduperson_entitlement": told}) == []


def test_rules_give_known_roles_only() -> None:
    assert roles_of(PROVIDER, ["km3net", "km3net/managers"]) == ["datamanager", "member"]
