"""Handles, groups and roles: from hostile claims to safe names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.groups import groups_of
from accounts.handles import handles_for
from accounts.models import Identity
from accounts.providers import Provider, RoleRule
from accounts.roles import MFA, needs_second_factor, roles_of

PROVIDER = Provider(
    slug="checkin",
    name="Check-in",
    issuer="https://aai.example/",
    client_id="portal",
    client_secret="secret",
    group_authorities=("aai.egi.eu",),
    mfa=True,
    roles=(
        RoleRule(role="member", group="km3net"),
        RoleRule(role="datamanager", group="km3net/managers", assurance="high"),
        RoleRule(role="operator", group="km3net/operators"),
    ),
)


@given(st.text(), st.text(), st.text())
def test_every_handle_is_a_valid_account_name(issuer: str, subject: str, name: str) -> None:
    handles = list(handles_for(issuer, subject, name))

    assert len(set(handles)) == len(handles) > 1
    for handle in handles:
        assert re.fullmatch(r"[a-z][a-z0-9-]{0,19}", handle)
        assert len(f"user.{handle}") <= 25


def test_a_handle_is_the_same_every_time() -> None:
    first, second = (list(handles_for("i", "s", "Ada Łovelace")) for _ in range(2))

    assert first == second


def test_equal_names_of_two_people_differ() -> None:
    assert next(handles_for("i", "s1", "ada")) != next(handles_for("i", "s2", "ada"))


@pytest.mark.parametrize(
    ("entitlement", "group"),
    [
        ("urn:mace:egi.eu:group:km3net:role=member#aai.egi.eu", ["km3net"]),
        ("urn:mace:egi.eu:group:km3net:managers#aai.egi.eu", ["km3net/managers"]),
        ("urn:mace:egi.eu:group:km3net#evil.example", []),
        ("urn:mace:nonsense", []),
    ],
)
def test_entitlements_become_groups(entitlement: str, group: list[str]) -> None:
    assert groups_of(PROVIDER, {"eduperson_entitlement": [entitlement]}) == group


def test_plain_groups_come_from_their_own_claims() -> None:
    told = {"wlcg.groups": ["/escape/cms", "urn:mace:egi.eu:group:km3net#evil.example"]}

    assert groups_of(PROVIDER, told) == ["/escape/cms"]


@pytest.mark.parametrize("told", [None, 7, {"a": 1}, [7, None]])
def test_nonsense_groups_are_none(told: object) -> None:
    assert groups_of(PROVIDER, {"eduperson_entitlement": told}) == []


def test_a_rule_gives_its_role_when_all_conditions_hold() -> None:
    person = Identity(groups=["km3net", "km3net/managers"], assurance=["high"])

    assert roles_of(PROVIDER, person) == ["datamanager", "member"]


def test_a_rule_with_one_condition_unmet_gives_nothing() -> None:
    assert roles_of(PROVIDER, Identity(groups=["km3net/managers"], assurance=["low"])) == []


def test_an_operator_needs_a_second_factor_where_there_can_be_one() -> None:
    person = Identity(groups=["km3net/operators"])
    assert roles_of(PROVIDER, person) == []
    assert needs_second_factor(PROVIDER, person)

    person.acr = MFA

    assert roles_of(PROVIDER, person) == ["operator"]
