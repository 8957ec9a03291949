"""What a satellite may ask of the sign-in itself: silence, a new one, its age; and key rotation."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.signing import Signer
from django.test import Client, override_settings
from django.utils import timezone
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from accounts import id_tokens, satellites
from accounts.models import User, WebSession
from tests.factories import make_user, sign_in
from tests.fakes.issuer_requests import CALLBACK, OTHER_SECRET
from tests.fakes.provider import FakeProvider
from tests.satellites import CLI, HUB, OTHER, SECRET, register
from tests.unit.accounts.test_issuer_matrix import a_code, code_of, redeem, wish
from tests.unit.accounts.test_sign_in import begin, finish

pytestmark = pytest.mark.django_db
AUTHORIZE = "/oauth/authorize/"


@pytest.fixture(autouse=True)
def _clients(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, HUB, OTHER, CLI)


def error_of(answer: Any) -> str:
    """Return the error that an answer takes back to the satellite."""
    assert answer["Location"].startswith(f"{CALLBACK}?")
    query = parse_qs(urlsplit(str(answer["Location"])).query)
    assert query["state"] == ["s"]
    return query["error"][0]


def claims_of(token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(Client().get("/oauth/.well-known/jwks.json").json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def test_a_silent_request_of_somebody_signed_in_gets_a_code(browser: Client) -> None:
    assert code_of(browser.get(AUTHORIZE, wish(prompt="none")))


def test_a_silent_request_of_a_stranger_is_told_so(client: Client) -> None:
    assert error_of(client.get(AUTHORIZE, wish(prompt="none"))) == "login_required"


def test_a_silent_request_before_the_terms_is_told_so(db: None) -> None:
    browser = Client()
    sign_in(browser, make_user("new", accepted=False))

    assert error_of(browser.get(AUTHORIZE, wish(prompt="none"))) == "login_required"


def test_a_silent_request_after_a_long_absence_is_told_so(browser: Client) -> None:
    WebSession.objects.update(last_seen_at=timezone.now() - timedelta(days=4))

    assert error_of(browser.get(AUTHORIZE, wish(prompt="none"))) == "login_required"


def test_a_silent_request_for_a_newer_sign_in_is_told_so(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice, ago=timedelta(hours=1))

    assert error_of(browser.get(AUTHORIZE, wish(prompt="none", max_age="60"))) == "login_required"
    assert code_of(browser.get(AUTHORIZE, wish(prompt="none", max_age="7200")))


def test_a_silent_request_to_an_unknown_address_leads_nowhere(client: Client) -> None:
    answer = client.get(AUTHORIZE, wish(prompt="none", redirect_uri="https://evil.example/"))

    assert "Location" not in answer.headers


def target_of(page: str) -> str:
    """Return where the page that asks for a new sign-in goes on."""
    told = page.partition('name="next" value="')[2].partition('"')[0]
    return told.replace("&amp;", "&")


def prove_again(browser: Client, provider: FakeProvider, page: str) -> Any:
    """Sign in again as the page offers it; return what comes after."""
    sent = begin(browser, provider, target_of(page), intent="reauth")
    provider.id_token_claims = {"auth_time": int(time.time())}
    return browser.get(finish(browser, sent).context["target"])


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
def test_a_new_sign_in_is_asked_for_and_then_enough(
    alice: User, provider: FakeProvider, asked: dict[str, str | None]
) -> None:
    alice.identities.create(provider="escape", issuer=provider.issuer, subject="subject-1")
    provider.claims["wlcg.groups"] = ["/escape"]
    browser = Client()
    sign_in(browser, alice, ago=timedelta(minutes=10))
    first = browser.get(AUTHORIZE, wish(**asked))
    assert code_of(first) is None
    assert "Sign in again to go on" in first.content.decode()

    after = prove_again(browser, provider, first.content.decode())

    code = code_of(after)
    assert code
    told = claims_of(redeem(code).json()["id_token"])
    assert told["auth_time"] >= time.time() - 60


def test_coming_back_without_a_new_sign_in_is_not_enough(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice, ago=timedelta(minutes=10))

    page = browser.get(AUTHORIZE, wish(max_age="60")).content.decode()

    assert code_of(browser.get(target_of(page))) is None


def test_a_stranger_of_whom_a_new_sign_in_is_wanted_is_asked_once(client: Client) -> None:
    answer = client.get(AUTHORIZE, wish(prompt="login"))

    target = parse_qs(urlsplit(answer["Location"]).query)["next"][0]
    assert "since=" in target
    assert "login" not in parse_qs(urlsplit(target).query).get("prompt", [""])[0]


def test_the_time_of_a_sign_in_is_that_of_its_browser(alice: User) -> None:
    browser = Client()
    row = sign_in(browser, alice, ago=timedelta(minutes=30))
    User.objects.update(last_login=timezone.now())

    told = claims_of(redeem(a_code(browser)).json()["id_token"])

    assert told["auth_time"] == int(row.auth_time.timestamp())


def test_a_time_that_nobody_told_is_not_made_up(browser: Client) -> None:
    WebSession.objects.update(auth_time=id_tokens.UNKNOWN)

    told = claims_of(redeem(a_code(browser)).json()["id_token"])

    assert "auth_time" not in told
    assert code_of(browser.get(AUTHORIZE, wish(max_age="86400"))) is None


def test_codes_are_asked_for_by_looking_only(browser: Client) -> None:
    assert browser.post(AUTHORIZE, {**wish(), "allow": "true"}).status_code == 405


def a_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_tokens_of_the_former_key_are_good_until_it_is_taken_away(browser: Client) -> None:
    former, newer = settings.OAUTH2_PROVIDER["OIDC_RSA_PRIVATE_KEY"], a_key()
    old = redeem(a_code(browser)).json()["id_token"]
    rotated = {"OIDC_RSA_PRIVATE_KEY": newer, "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [former]}

    with override_settings(OAUTH2_PROVIDER={**settings.OAUTH2_PROVIDER, **rotated}):
        new = redeem(a_code(browser)).json()["id_token"]
        assert claims_of(old)["aud"] == claims_of(new)["aud"] == "hub"

    signers = {jws.extract_compact(token.encode()).headers()["kid"] for token in (old, new)}
    assert len(signers) == 2


def test_a_satellites_former_secret_holds_as_long_as_the_file_names_it(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, {**HUB, "client_secret": OTHER_SECRET, "former_client_secret": SECRET})

    assert redeem(a_code(browser)).status_code == 200
    assert redeem(a_code(browser), client_secret=OTHER_SECRET).status_code == 200

    register(monkeypatch, {**HUB, "client_secret": OTHER_SECRET})
    assert redeem(a_code(browser)).status_code == 401


def test_a_new_secret_needs_no_migration(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    told = satellites.Satellite.model_validate({**HUB, "client_secret": OTHER_SECRET})
    monkeypatch.setattr(satellites, "entries", lambda: {"hub": told})

    assert redeem(a_code(browser), client_secret=OTHER_SECRET).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"delete_after": timezone.now()}, {"is_active": False}, {"roles": []}],
    ids=["leaving", "suspended", "in no group"],
)
def test_a_silent_request_of_somebody_who_may_not_act_is_told_so(
    browser: Client, change: dict[str, object]
) -> None:
    User.objects.update(**change)

    assert error_of(browser.get(AUTHORIZE, wish(prompt="none"))) == "login_required"


@pytest.mark.parametrize("since", ["1000000000", "1000000000:x:y", "", "x"])
@pytest.mark.parametrize("asked", [{"max_age": "60"}, {"prompt": "login"}, {}])
def test_a_moment_in_the_address_that_the_portal_did_not_write_counts_for_nothing(
    alice: User, since: str, asked: dict[str, str | None]
) -> None:
    browser = Client()
    sign_in(browser, alice, ago=timedelta(minutes=10))

    assert code_of(browser.get(AUTHORIZE, wish(since=since, **asked))) is None


def test_a_moment_that_the_portal_wrote_counts_for_ten_minutes_and_its_satellite(
    alice: User,
) -> None:
    browser = Client()
    sign_in(browser, alice, ago=timedelta(minutes=5))
    signer = Signer(salt="accounts.authorization:since:hub")

    def ask(minutes: int, **changes: str | None) -> str | None:
        since = signer.sign(str(int(time.time()) - 60 * minutes))
        return code_of(browser.get(AUTHORIZE, wish(max_age="0", since=since, **changes)))

    assert ask(minutes=6)
    assert ask(minutes=2) is None
    assert ask(minutes=11) is None
    assert ask(minutes=6, client_id="other") is None


def test_the_id_token_is_as_short_lived_as_the_access_token(browser: Client) -> None:
    told = claims_of(redeem(a_code(browser)).json()["id_token"])

    assert told["exp"] - told["iat"] <= 600
