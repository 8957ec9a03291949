"""The demo's providers, with somebody who may sign in there."""

from __future__ import annotations

import pytest

from demo.people import PEOPLE, Person
from tests.signin import Portal, Tokens, running_stack

WRONG = "not-the-password"


@pytest.fixture(params=["escape", "checkin"])
def portal(request: pytest.FixtureRequest) -> Portal:
    """A fresh browser at each of the two providers, and the portal's client there."""
    return Portal(running_stack(), request.param)


@pytest.fixture
def person(portal: Portal) -> Person:
    """Somebody who may sign in at this provider."""
    return next(person for person in PEOPLE if person.provider == portal.provider)


@pytest.fixture
def tokens(portal: Portal, person: Person) -> Tokens:
    """What a sign-in of that person gives."""
    return portal.sign_in(person)
