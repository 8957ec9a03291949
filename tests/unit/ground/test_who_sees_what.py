"""Nobody's things for nobody, nobody else's for anybody: over every address there is.

The addresses come from the portal itself. A new one with a parameter fails here until `OWNED` says
how a thing of Alice's at this address is made, or `NOT_OURS` why there is none.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import api_tokens
from accounts.models import Identity, User, WebSession
from data_mgmt.models import (
    CollectionChange,
    QuotaRequest,
    ReplicaRequest,
    RuleAction,
    SavedSearch,
    Upload,
)
from reproducibility.models import (
    Analysis,
    Campaign,
    Capture,
    Deposit,
    Registration,
    Run,
    SideComparison,
    SignedVerdict,
)
from sessions.models import Build, Handover, Session, Share
from tests.factories import make_user, sign_in
from tests.streams import NDJSON, STREAMS, cookies_of, scope_of
from vre_portal import live, streaming
from vre_portal.errors import PortalError

METHODS = ("get", "post", "put", "patch", "delete")
Maker = Callable[[User], object]


def a_request(user: User) -> object:
    return ReplicaRequest.objects.create(
        user=user, did_scope="cms", did_name="dimuon", storage="CERN"
    ).pk


def an_upload(user: User) -> object:
    return Upload.objects.create(
        user=user, did_scope="user.x", did_name=f"of-{user.handle}", size=5, storage="CERN",
        expires_at=timezone.now() + timedelta(hours=1),
    ).pk  # fmt: skip


def a_search(user: User) -> object:
    return SavedSearch.objects.create(user=user, name="Mine", query="scope=cms").pk


def a_quota_request(user: User) -> object:
    return QuotaRequest.objects.create(
        user=user, account=user.handle, storage="CERN", bytes=1024, reason="Thesis"
    ).pk


def a_batch(user: User) -> object:
    return RuleAction.objects.create(
        user=user, batch=uuid.uuid4(), verb="end", rule=uuid.uuid4(), account=user.handle,
        did_scope="cms", did_name="dimuon", storage="CERN",
    ).batch  # fmt: skip


def a_change(user: User) -> object:
    return CollectionChange.objects.create(
        user=user, account=user.handle, kind="close", did_scope="cms", did_name="dimuon"
    ).pk


def a_session(user: User) -> object:
    return Session.objects.create(
        user=user, environment="light", environment_name="Light", name="One"
    ).pk


def a_share(user: User) -> object:
    session = Session.objects.get(pk=str(a_session(make_user())))
    return Share.objects.create(
        session=session, recipient=user, level="view", until=timezone.now() + timedelta(hours=1)
    ).pk


def a_handover(user: User) -> object:
    return Handover.objects.create(
        sender=make_user(), recipient=user, name="fit.ipynb", content=b"{}"
    ).pk


def a_build(user: User) -> object:
    return Build.objects.create(
        owner=user, title="Mine", file_name="requirements.txt", file_text="six"
    ).pk


def a_preview(user: User) -> object:
    cache.set("preview-of-alice:asker", str(user.pk), 60)
    return "preview-of-alice"


def an_analysis(user: User) -> object:
    analysis = Analysis.objects.create(
        slug=f"of-{user.handle}", owner=user, title="Mine", summary="Unpublished"
    )
    analysis.current = analysis.versions.create(number=1, specification="{}")
    analysis.save()
    # Addresses below an analysis name it by the sample.
    told = {"version": analysis.current, "user": user, "service": "https://zenodo.test"}
    Deposit.objects.get_or_create(pk=SAMPLES["pk"], defaults=told)
    return analysis.slug


def a_run(user: User) -> object:
    analysis = Analysis.objects.get(slug=an_analysis(user))
    version = analysis.newest
    run = Run.objects.create(user=user, analysis=analysis, version=version, number=1)
    # Addresses below a run name it by the sample.
    told = {"run": run, "user": user, "scope": "user.x", "name": f"of-{user.handle}"}
    Registration.objects.get_or_create(pk=SAMPLES["pk"], defaults=told)
    return run.pk


def a_registration(user: User) -> object:
    return Registration.objects.get(run_id=str(a_run(user))).pk


def a_comparison(user: User) -> object:
    return SideComparison.objects.create(user=user, first=uuid.uuid4(), second=uuid.uuid4()).pk


def a_deposit(user: User) -> object:
    return Deposit.objects.get(version__analysis__slug=an_analysis(user)).pk


def a_campaign(user: User) -> object:
    run = Run.objects.get(pk=str(a_run(user)))
    before, campaign = [
        Campaign.objects.create(
            user=user, version=run.version, title="Scan", columns=["bins"], total=1, at_once=1,
            state="finished",
        )
        for _each in range(2)
    ]  # fmt: skip
    Campaign.objects.filter(pk=campaign.pk).update(again_of=before)  # there is a comparison
    campaign.points.create(number=1, values={"bins": 10})
    # Addresses below a campaign name it by the sample.
    told = {"campaign": campaign, "user": user, "scope": "user.x", "name": f"of-{user.handle}"}
    Registration.objects.get_or_create(pk=SAMPLES["dataset_id"], defaults=told)
    return campaign.pk


def a_capture(user: User) -> object:
    return Capture.objects.create(user=user, kind="zip").pk


def a_verdict(user: User) -> object:
    run = Run.objects.get(pk=str(a_run(user)))
    return SignedVerdict.objects.create(
        run=run, kind=run.kind, version=run.version, level="different", environment="unknown",
        inputs="verified", statement="{}", signature="", key_id="", signed_at=timezone.now(),
    ).pk  # fmt: skip


def an_identity(user: User) -> object:
    return Identity.objects.create(
        user=user, provider="escape", issuer="https://idp.test/", subject=str(user.pk)
    ).pk


def a_browser(user: User) -> object:
    identity = Identity.objects.get(pk=str(an_identity(user)))
    return WebSession.objects.create(
        session_key=uuid.uuid4().hex, user=user, identity=identity, auth_time=timezone.now()
    ).pk


def a_token(user: User) -> object:
    return api_tokens.make(user, name="laptop", scopes=["read"], days=7).row.pk


#: An address up to its first parameter -> what makes that parameter for a thing of one's own.
OWNED: dict[str, Maker] = {
    "accounts/identities/<uuid:pk>": an_identity,
    "accounts/browsers/<uuid:pk>": a_browser,
    "accounts/tokens/<uuid:pk>": a_token,
    "api/v1/me/tokens/<uuid:pk>": a_token,
    "data/requests/<uuid:pk>": a_request,
    "api/v1/data/replica-requests/<str:pk>": a_request,
    "data/changes/<uuid:pk>": a_change,
    "api/v1/data/changes/<uuid:pk>": a_change,
    "data/uploads/<uuid:pk>": an_upload,
    "api/v1/data/uploads/<uuid:pk>": an_upload,
    "data/searches/<uuid:pk>": a_search,
    "api/v1/data/searches/<uuid:pk>": a_search,
    "data/requests/quota/<uuid:pk>": a_quota_request,
    "api/v1/data/quota-requests/<uuid:pk>": a_quota_request,
    "data/requests/rules/outcomes/<uuid:batch>": a_batch,
    "api/v1/data/rules/actions/<uuid:batch>": a_batch,
    "sessions/<uuid:pk>": a_session,
    "api/v1/sessions/<uuid:pk>": a_session,
    "sessions/shared/<uuid:share_id>": a_share,
    "api/v1/sessions/shared/<uuid:share_id>": a_share,
    "sessions/handovers/<uuid:handover_id>": a_handover,
    "api/v1/sessions/handovers/<uuid:handover_id>": a_handover,
    "sessions/environments/own/<uuid:pk>": a_build,
    "api/v1/environments/builds/<uuid:pk>": a_build,
    "analyses/<slug:slug>": an_analysis,
    "api/v1/analyses/<slug:key>": an_analysis,
    "campaigns/<uuid:pk>": a_campaign,
    "api/v1/campaigns/<uuid:pk>": a_campaign,
    "runs/<uuid:run_id>": a_run,
    "api/v1/runs/<uuid:run_id>": a_run,
    "captures/<uuid:pk>": a_capture,
    "api/v1/captures/<uuid:pk>": a_capture,
    "verdicts/<uuid:pk>": a_verdict,
    "api/v1/verdicts/<uuid:pk>": a_verdict,
}
#: Addresses whose parameter names nothing that belongs to somebody here.
NOT_OURS = {
    "accounts/login/<slug:slug>": "a provider",
    "accounts/callback/<slug:slug>": "a provider",
    "accounts/backchannel/<slug:slug>": "a provider",
    "accounts/people/<uuid:pk>": "for operators, who see everybody",
    "api/v1/people/<uuid:pk>": "for operators, who see everybody",
    "accounts/services/<slug:service>": "a kind of account, of whoever asks",
    "api/v1/workflow-account/secrets/<str:name>": "REANA's: it decides by the person's own token",
    "data/approvals/quota/<uuid:pk>": "for data managers, who decide for everybody",
    "api/v1/data/approvals/<uuid:pk>": "for data managers, who decide for everybody",
    "data/requests/subscriptions/<uuid:pk>": "Rucio's: whose it is says Rucio",
    "api/v1/data/subscriptions/<uuid:pk>": "Rucio's: whose it is says Rucio",
    "data/<did:did>": "Rucio's: it decides by the person's own token",
    "data/scopes/<str:scope>": "those that Rucio lists for the person's own token",
    "data/storages/<str:storage>": "Rucio's: it decides by the person's own token",
    "api/v1/data/storages/<str:storage>": "Rucio's: it decides by the person's own token",
    "api/v1/data/files/<str:scope>": "Rucio's: it decides by the person's own token",
    "api/v1/data/dids/<str:scope>": "Rucio's: it decides by the person's own token",
    "public/analyses/<slug:slug>": "everybody's, once its owner has opened it",
}
#: What strangers may open, and why.
PUBLIC = {
    "healthz": "for the balancer",
    "readyz": "for the balancer",
    "accounts/login/": "where one signs in",
    "accounts/login/forget/": "the choice of whoever asks",
    "accounts/signed-out/": "after signing out",
    "accounts/privacy/": "what is kept of people",
    "accounts/backchannel/<slug:slug>/": "a provider's signature says who it is",
    "accounts/logout/": "signing out twice is no fault",
    "accounts/login/<slug:slug>/": "where one signs in",
    "accounts/callback/<slug:slug>/": "where one signs in",
    "oauth/token/": "asks for the client's secret",
    "oauth/userinfo/": "asks for a token",
    "oauth/revoke_token/": "asks for the token that is to end",
    "oauth/device_authorization/": "a command line begins here",
    "oauth/.well-known/openid-configuration": "what the issuer says of itself",
    "oauth/.well-known/jwks.json": "what the issuer says of itself",
    "api/v1/schema/": "what the API offers",
    "api/docs/": "what the API offers",
    "docs/errors": "what errors mean",
    "api/v1/sessions/broker/token": "asks for the session's own token",
    "sessions/badge.svg": "a picture for pages elsewhere",
    "api/v1/analyses/<slug:key>/badge.svg": "a picture for pages elsewhere, of what is published",
    ".well-known/vre-verdict-keys.json": "what signatures are checked with",
    ".well-known/vre-verdict-key.pem": "what signatures are checked with",
    "public/analyses/<slug:slug>": "for readers without an account, once its owner has opened it",
    "public/analyses/<slug:slug>/metadata.jsonld": "the same page for programs",
    "public/analyses/<slug:slug>/CITATION.cff": "the same page for programs",
    "public/analyses/<slug:slug>/citation.bib": "the same page for programs",
    "public/sitemap.xml": "where the public pages are",
    "robots.txt": "what search engines may read",
    "styleguide/": "not in production",
}
#: What the other parameters of an address are filled with.
SAMPLES = {
    "number": "1",
    "path": "results/a.json", "name": "dimuon", "scope": "cms", "did": "cms:dimuon",
    "pk": str(uuid.UUID(int=7)), "share_id": str(uuid.UUID(int=8)), "storage": "CERN",
    "dataset_id": str(uuid.UUID(int=9)),
}  # fmt: skip
#: What takes a POST from programs, which have no page of ours.
NO_FORM = {
    "accounts/backchannel/<slug:slug>/": "a provider's signature says who it is",
    "oauth/revoke_token/": "asks for the token that is to end",
    "oauth/device_authorization/": "a command line begins here",
    "oauth/token/": "asks for the client's secret or verifier",
    "oauth/userinfo/": "asks for a token",
    "api/v1/sessions/broker/token": "asks for the session's own token",
}
WRITING = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
#: What a look may leave behind: when the browser was here last, what was refused, that a file which
#: was handed over was fetched, and, for the person alone, which DID was opened: a list that works
#: without a script needs no more.
NOTED_ON_THE_WAY = {
    "django_session",
    "accounts_websession",
    "accounts_auditevent",
    "data_mgmt_recentdid",
    "interactive_sessions_handover",
}
WATCHED: dict[str, Maker] = {
    "replica-request": a_request,
    "collection-change": a_change,
    "session": a_session,
    "session-ends": lambda user: user.pk,
    "session-usage": a_session,
    "build": a_build,
    "run": a_run,
    "campaign": a_campaign,
    "capture": a_capture,
    "registration": a_registration,
    "comparison": a_comparison,
    "deposit": a_deposit,
    "uploads": lambda user: user.pk,
    "preview": a_preview,
    "inbox": lambda user: user.pk,
    "checklist": lambda user: user.pk,
}


#: Who gets nothing of data, and what they come with.
REFUSED_CALLERS: dict[str, Callable[[], dict[str, str]]] = {
    "a stranger": dict,
    "an unknown session": lambda: {"cookie": f"{settings.SESSION_COOKIE_NAME}={'a' * 32}"},
    "an unknown token": lambda: {"authorization": "Bearer vre_unknown"},
    "a token without the scope": lambda: a_bearer(make_user(), scope="sessions"),
    "no role, by session": lambda: a_cookie(change={"roles": []}),
    "no role, by token": lambda: a_bearer(make_user(), change={"roles": []}),
    "leaving, by session": lambda: a_cookie(change={"delete_after": timezone.now()}),
    "leaving, by token": lambda: a_bearer(make_user(), change={"delete_after": timezone.now()}),
    "before the terms, by session": lambda: {"cookie": cookies_of(make_user(accepted=False))},
    "before the terms, by token": lambda: a_bearer(make_user(accepted=False)),
    "suspended, by session": lambda: a_cookie(change={"is_active": False}),
    "suspended, by token": lambda: a_bearer(make_user(), change={"is_active": False}),
}


def a_cookie(*, change: dict[str, object]) -> dict[str, str]:
    user = make_user()
    cookies = cookies_of(user)
    User.objects.filter(pk=user.pk).update(**change)
    return {"cookie": cookies}


def a_bearer(
    user: User, *, scope: str = "read", change: dict[str, object] | None = None
) -> dict[str, str]:
    an_identity(user)
    secret = api_tokens.make(user, name="laptop", scopes=[scope], days=7).secret
    if change:
        User.objects.filter(pk=user.pk).update(**change)
    return {"authorization": f"Bearer {secret}"}


def routes() -> list[str]:
    return list(_routes(get_resolver(), ""))


def _routes(resolver: URLResolver, before: str) -> Iterator[str]:
    for part in resolver.url_patterns:
        here = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield here
        else:
            yield from _routes(part, here)


def key_of(route: str) -> str:
    return route[: route.index(">") + 1]


def address_of(route: str, first: object) -> str:
    """Return an address in which the first parameter is this, and the others are samples."""
    address = re.sub(r"<[^>]+>", str(first), route, count=1)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: SAMPLES[found[1]], address)


def answers(client: Client, address: str) -> dict[str, HttpResponse]:
    client.raise_request_exception = False
    form = {"content_type": "application/json"} if address.startswith("/api/") else {}
    told: dict[str, Any] = {"get": client.get(address)}
    told |= {method: getattr(client, method)(address, **form) for method in METHODS[1:]}
    return {method: answer for method, answer in told.items() if answer.status_code != 405}


WITH_OWNER = [route for route in routes() if "<" in route and key_of(route) not in NOT_OURS]
GUARDED = [route for route in routes() if route not in PUBLIC]


@pytest.mark.parametrize("route", WITH_OWNER)
def test_it_is_said_whose_the_things_at_an_address_are(route: str) -> None:
    assert key_of(route) in OWNED, f"say in {__name__} how a thing at {route} is made, or why not"


@pytest.mark.parametrize("route", [route for route in WITH_OWNER if key_of(route) in OWNED])
def test_anothers_thing_is_not_there(route: str, alice: User, bob: User) -> None:
    mine = OWNED[key_of(route)](alice)
    strange, own = Client(), Client()
    sign_in(strange, bob)
    sign_in(own, alice)
    own.raise_request_exception = False

    told = answers(strange, address_of(route, mine))

    assert {method: answer.status_code for method, answer in told.items()} == dict.fromkeys(
        told, 404
    )
    assert told
    if "get" in told and "<path:path>" not in route:
        assert own.get(address_of(route, mine)).status_code != 404


@pytest.mark.parametrize("route", GUARDED)
def test_strangers_are_asked_to_sign_in(route: str, alice: User, client: Client) -> None:
    maker = OWNED.get(key_of(route)) if "<" in route else None
    first = maker(alice) if maker else SAMPLES.get(_first_name(route), "rucio")

    told = answers(client, address_of(route, first))

    assert told
    assert [(m, a.status_code) for m, a in told.items() if not _asks_to_sign_in(a)] == []


def _first_name(route: str) -> str:
    found = re.search(r"<(?:\w+:)?(\w+)>", route)
    return found[1] if found else ""


def _asks_to_sign_in(answer: HttpResponse) -> bool:
    to_login = answer.headers.get("Location", "").startswith("/accounts/login/")
    return answer.status_code == 401 or (answer.status_code == 302 and to_login)


@pytest.mark.parametrize("route", routes())
def test_looking_changes_nothing(route: str, alice: User) -> None:
    maker = OWNED.get(key_of(route)) if "<" in route else None
    first = maker(alice) if maker else SAMPLES.get(_first_name(route), "rucio")
    own = Client(raise_request_exception=False)
    sign_in(own, alice)

    with CaptureQueriesContext(connection) as asked:
        own.get(address_of(route, first))

    wrote = [WRITING.match(query["sql"]) for query in asked]
    assert {found[1] for found in wrote if found} <= NOTED_ON_THE_WAY


@pytest.mark.parametrize("route", [route for route in routes() if route not in NO_FORM])
def test_a_change_needs_the_token_of_our_own_pages(route: str, alice: User) -> None:
    maker = OWNED.get(key_of(route)) if "<" in route else None
    first = maker(alice) if maker else SAMPLES.get(_first_name(route), "rucio")
    own = Client(enforce_csrf_checks=True, raise_request_exception=False)
    sign_in(own, alice)

    answer = own.post(address_of(route, first))

    assert answer.status_code in {403, 405}


def test_the_lists_name_no_address_that_is_gone() -> None:
    known = {key_of(route) for route in routes() if "<" in route}

    assert OWNED.keys() | NOT_OURS.keys() <= known
    assert PUBLIC.keys() | NO_FORM.keys() <= set(routes())


@pytest.mark.parametrize("kind", sorted(live._topics))
def test_a_topic_is_told_to_its_owner_only(kind: str, alice: User) -> None:
    mine = str(WATCHED[kind](alice))
    read = live._topics[kind]
    assert read(alice.pk, mine) is not None

    with pytest.raises((PortalError, ObjectDoesNotExist)) as refused:
        read(make_user("bob").pk, mine)

    assert getattr(refused.value, "status", 404) == 404


def test_each_stream_has_an_address_here() -> None:
    assert STREAMS.keys() == streaming.ADDRESSES.keys()


@pytest.mark.parametrize("caller", REFUSED_CALLERS)
@pytest.mark.parametrize("part", STREAMS)
def test_a_stream_refuses_whom_its_page_refuses(part: str, caller: str, db: None) -> None:
    sent = {"host": "testserver", "accept": NDJSON, **REFUSED_CALLERS[caller]()}
    path, _, query = STREAMS[part].partition("?")
    wanted = streaming.wanted_of(scope_of(path, query, sent))
    assert wanted is not None

    with pytest.raises(PortalError) as refused:
        streaming.prepare_stream(wanted)

    page = Client().get(STREAMS[part], headers={**sent, "accept": "application/json"})
    assert refused.value.status == page.status_code
    assert refused.value.status in {401, 403}
