"""A pasted token is tried at the workflow service itself before it is kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts import stored_tokens
from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import get_backend, tokens
from tests.factories import make_user
from tests.unit.reproducibility.backends.conftest import TOKEN, Speaks
from tests.unit.reproducibility.backends.wire import Answer, Wire
from vre_portal.errors import InvalidRequest, TokenWanted, UpstreamUnavailable

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada")


@pytest.fixture
def site(speaks: Speaks, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """A REANA of 0.9 for which people paste their token."""
    monkeypatch.setattr(stored_tokens, "_checks", {"reana": tokens.owner_of})
    get_backend.cache_clear()
    yield speaks("A")
    get_backend.cache_clear()


def test_it_is_tried_by_asking_who_one_is(site: Wire, ada: User) -> None:
    site.answers_with("GET", "/you", Answer({"username": "", "email": "ada@example.org"}))

    kept = stored_tokens.keep(ada, "reana", TOKEN)

    assert kept.account == "ada@example.org"
    assert site.only().query == {"access_token": TOKEN}
    assert credential_for(ada, "reana").token == TOKEN


@pytest.mark.parametrize("answer", [Answer({"message": "Token not valid."}, 403), Answer({}, 401)])
def test_what_reana_refuses_is_not_kept(site: Wire, ada: User, answer: Answer) -> None:
    site.answers_with("GET", "/you", answer)

    with pytest.raises(InvalidRequest) as told:
        stored_tokens.keep(ada, "reana", TOKEN)

    assert told.value.field == "token"
    assert not ada.stored_tokens.exists()


def test_a_reana_that_is_down_keeps_nothing(site: Wire, ada: User) -> None:
    site.answers_with("GET", "/you", Answer({}, 503))

    with pytest.raises(UpstreamUnavailable):
        stored_tokens.keep(ada, "reana", TOKEN)

    assert not ada.stored_tokens.exists()


def test_a_token_that_was_revoked_later_asks_for_a_new_one(site: Wire, ada: User) -> None:
    site.answers_with(
        "GET", "/you", Answer({"username": "ada"}), Answer({"message": "Token revoked."}, 403)
    )
    stored_tokens.keep(ada, "reana", TOKEN)

    with pytest.raises(TokenWanted, match="Paste a new one"):
        get_backend().whoami(credential_for(ada, "reana"))
