"""The whole matrix of sign-ins at a provider that misbehaves (docs/sign-in-matrix.md)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import vre_portal.http
from accounts.models import AuditEvent, Identity, PendingLink, User, WebSession
from tests.factories import make_user
from tests.fakes.misbehaving.cases import Case
from tests.fakes.misbehaving.site import Site
from tests.fakes.misbehaving.tables import ACCEPTED, REFUSED
from vre_portal.config import get_config

pytestmark = [
    pytest.mark.django_db,
    # joserfc warns of what is refused, or allowed, on purpose here.
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]
ALL_REFUSED = [case for cases in REFUSED.values() for case in cases]
ALL_ACCEPTED = [case for cases in ACCEPTED.values() for case in cases]


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the portal wait for providers less long."""

    def hurry() -> None:
        config = get_config().model_copy(update={"upstream_timeout": 0.15})
        monkeypatch.setattr(vre_portal.http, "get_config", lambda: config)

    return hurry


def _refusals() -> list[Any]:
    """Return each case twice: for nobody, and for somebody who is signed in already."""
    return [
        pytest.param(case, signed_in, id=f"{case.id}-{'signed-in' if signed_in else 'nobody'}")
        for signed_in in (False, True)
        for case in ALL_REFUSED
        if signed_in or case.intent == "sign-in"
    ]


@pytest.mark.parametrize(("case", "signed_in"), _refusals())
def test_a_deviation_is_refused_on_one_page_and_changes_nothing(
    site: Site, in_a_hurry: Callable[[], None], caplog: Any, case: Case, *, signed_in: bool
) -> None:
    if case.intent != "sign-in":
        site.sign_in()
    elif signed_in:
        site.be(make_user(ready=False))
    someone, people, identities = site.whoami(), User.objects.count(), Identity.objects.count()
    case.bend(site.bent)
    if case.slow:
        in_a_hurry()

    answer = site.sign_in(intent=case.intent)

    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Sign-in did not work" in page
    assert answer["X-Request-Id"] in page
    assert ("You are still signed in" in page) == signed_in
    assert "<script>alert" not in page
    refused = AuditEvent.objects.filter(action="sign-in.refused").first()
    assert refused is not None
    assert refused.detail["reason"] == case.reason
    assert (User.objects.count(), Identity.objects.count()) == (people, identities)
    assert not PendingLink.objects.exists()
    assert site.whoami() == someone
    assert (someone is not None) == signed_in == WebSession.objects.exists()
    assert not [secret for secret in site.bent.given if secret in page + caplog.text]
    assert "elsewhere" not in [endpoint for endpoint, _form in site.bent.asked]


@pytest.mark.parametrize("case", ALL_ACCEPTED, ids=lambda case: case.id)
def test_what_is_no_fault_signs_in(site: Site, case: Case) -> None:
    case.bend(site.bent)

    answer = site.sign_in()

    assert answer.status_code == 302, re.sub(r"\s+", " ", answer.content.decode())
    assert answer["Location"] == "/data/"
    identity = Identity.objects.get(issuer=site.bent.issuer)
    assert {name: getattr(identity, name) for name in case.tells} == dict(case.tells)
    page = site.client.get("/accounts/terms/")
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
