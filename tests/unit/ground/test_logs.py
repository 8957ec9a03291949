"""No log line holds a token, a code or a cookie, whoever wrote it and in whatever form."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings

from accounts.api_tokens import new_secret
from vre_portal.logs import TokenFilter, scrub

ROOT = Path(__file__).resolve().parents[3]
#: As opaque as a token may be: no dot, no sign by which it could be known.
OPAQUE = "q7Zk2mPx"
NAMES = (
    "access_token", "refresh_token", "id_token", "id_token_hint", "subject_token", "logout_token",
    "actor_token", "token", "code", "device_code", "user_code", "code_verifier", "client_secret",
    "client_assertion", "password", "csrfmiddlewaretoken", "VRE_HUB_TOKEN",
)  # fmt: skip
FORMS = (
    "{name}={value}",
    "GET /somewhere?a=1&{name}={value}&b=2 HTTP/1.1",
    "form: a=1&{name}={value}",
    '{{"{name}": "{value}", "b": 2}}',
    '{{"{name}":"{value}"}}',
    "{{'{name}': '{value}'}}",
    "{{'{name}': ['{value}']}}",
    "{{b'{name}': b'{value}'}}",
    'told: {{\\"{name}\\": \\"{value}\\"}}',
    "Grant({name}='{value}')",
    "{name} = {value}",
    "next=%2Fback%3F{name}%3D{value}%26b%3D2",
    "next=%252Fback%253Fa%253D1%2526{name}%253D{value}",
    "body=%7B%22{name}%22%3A%20%22{value}%22%7D",
)
HEADERS = (
    "Authorization: Bearer {value}",
    "authorization: bearer {value}",
    "Authorization: Basic {value}",
    "Authorization: token {value}",
    "Proxy-Authorization: Basic {value}",
    "{{'Authorization': 'Bearer {value}'}}",
    "(b'authorization', b'Basic {value}')",
    '["Authorization", "token {value}"]',
    "X-Rucio-Auth-Token: {value}",
    "x-rucio-auth-token: {value}",
    "{{'X-Rucio-Auth-Token': '{value}'}}",
    "X-Gitlab-Token: {value}",
    "X-Rucio-Password: {value}",
    "Cookie: a=b; anything={value}",
    "Set-Cookie: anything={value}; HttpOnly; Path=/",
    "(b'cookie', b'a=b; anything={value}')",
    "sent with Bearer {value}",
    "sent with Bearer%20{value}",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_called_a_secret_is_hidden(name: str, form: str) -> None:
    text = form.format(name=name, value=OPAQUE)

    assert OPAQUE not in scrub(text)
    assert name in scrub(text)


@pytest.mark.parametrize("form", HEADERS)
@pytest.mark.parametrize("value", [OPAQUE, "root-subject-unknown-4f0", "cG9ydGFsOnM=", "x1"])
def test_headers_with_credentials_are_hidden(form: str, value: str) -> None:
    text = form.format(value=value)

    assert value not in scrub(text)


@pytest.mark.parametrize("form", ["{}", "made {} for alice", "a%20{}", "/?next={}", "'{}'"])
@pytest.mark.parametrize(
    "token",
    [
        new_secret(),
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EifQ.c2lnbmF0dXJl",
        "eyJhbGciOiJSUzI1NiJ9",
    ],
    ids=["personal", "signed", "cut"],
)
def test_tokens_that_show_what_they_are_need_no_name(token: str, form: str) -> None:
    assert token not in scrub(form.format(token))
    assert token[-8:] not in scrub(form.format(token))


def test_the_cookies_of_a_sign_in_are_hidden_by_name() -> None:
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "__Host-vre_session"):
        assert OPAQUE not in scrub(f"a=b; {name}={OPAQUE}; c=d")
        assert OPAQUE not in scrub(str({name: OPAQUE}))


@pytest.mark.parametrize(
    "value", ["a b", "a&b=c", 'a"b', "a'b", "a/b+c=", "ä€", "a;b,c", "p)q]r}s"]
)
def test_a_secret_is_hidden_to_its_end(value: str) -> None:
    texts = [
        json.dumps({"password": value, "b": 2}),
        repr({"password": value, "b": 2}),
        urlencode({"password": value, "b": 2}),
        quote(urlencode({"password": value, "b": 2})),
    ]

    hidden = [scrub(text) for text in texts]

    assert [text.partition("hidden]")[2] for text in hidden] == [
        '", "b": 2}',
        f"{repr(value)[-1]}, 'b': 2}}",
        "&b=2",
        "%26b%3D2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "rule 3f2a of cms:dimuon is OK",
        "run 8: state=RUNNING, was state=replicating",
        "status_code=200 code=404, exit code: 137, returncode=-9, code=4401",
        "{'code': 403, 'state': 'running', 'token': None, 'next_token': ''}",
        "refused: the token is too old",
        "Invalid token: not active any more",
        "code: the code was used before",
        "the bearer of this; Bearer token missing; WWW-Authenticate: Bearer realm=\"api\"",
        "token_type=Bearer&expires_in=300&subject_token_type=urn:ietf:params:oauth:token-type",
        "token_endpoint=https://login.example/token",
        "vre_portal.streaming vre_portal_operation vre_session_9400",
        "GET /data/dids/cms/token.root?type=file&limit=20",
        "account vre-alice at https://rucio.example:443/accounts/vre-alice",
        "max_tokens=5 tokenize=1 encoded: 12 statement=x",
        "2026-11-26 07:00:00,000 INFO uvicorn.error [3f2a1b] Application startup complete.",
    ],
)  # fmt: skip
def test_what_is_no_token_stays(text: str) -> None:
    assert scrub(text) == text


def test_hiding_twice_changes_nothing_more() -> None:
    for text in (*(form.format(name="token", value=OPAQUE) for form in FORMS), *HEADERS):
        once = scrub(text)

        assert scrub(once) == once


def in_a_log(record: logging.LogRecord) -> str:
    """Return what a handler with the filter writes, with all that stands beside the message."""
    TokenFilter().filter(record)
    beside = {name: value for name, value in vars(record).items() if name != "exc_info"}
    return f"{logging.Formatter().format(record)}\n{beside}"


def a_record(message: str, *args: object, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("x", logging.INFO, "", 0, message, args, None)
    record.__dict__.update(more)
    return record


@pytest.mark.parametrize(
    "record",
    [
        a_record(f"code={OPAQUE}"),
        a_record("%s", f"code={OPAQUE}"),
        a_record("code=%s", OPAQUE),
        a_record("%(told)s", {"told": {"refresh_token": OPAQUE}}),
        a_record("a", stack_info=f"Stack:\n  code={OPAQUE}"),
        a_record("a", exc_text=f"ValueError: code={OPAQUE}"),
        a_record("a", url=f"/?code={OPAQUE}"),
        a_record("a", access_token=OPAQUE),
        a_record("a", form={"refresh_token": OPAQUE, "b": [f"code={OPAQUE}"]}),
        a_record("wrongly %d told", f"code={OPAQUE}"),
    ],
    ids=["message", "text", "value", "mapping", "stack", "formatted", "extra", "by name", "nested",
         "broken"],
)  # fmt: skip
def test_no_part_of_a_record_holds_a_token(record: logging.LogRecord) -> None:
    assert OPAQUE not in in_a_log(record)


def test_a_traceback_holds_no_token_of_any_error_in_it() -> None:
    try:
        try:
            raise ValueError(f"https://login.example/?code={OPAQUE}")
        except ValueError as exc:
            raise RuntimeError(f"Authorization: Basic {OPAQUE}") from exc
    except RuntimeError:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "broken", (), sys.exc_info())

    told = in_a_log(record)

    assert OPAQUE not in told
    assert "RuntimeError: Authorization: Basic [hidden]" in told
    assert "https://login.example/?code=[hidden]" in told


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "piece",
    ["a", "eyJ", "eyJaaaaaaaa", "eyJ.", "vre_", "token", "526token", "%26", "token=", "token:", '"',
     'code": "', "\\", 'token\\"', " ", "token ", "bearer ", "code,'", "%2525", "token%253D",
     "-", "cookie:", "x-token", "state=aaaaaaaaaaa ", "token: aaaaaaa "],
)  # fmt: skip
def test_a_hostile_line_takes_no_time(piece: str) -> None:
    line = (piece * MEGABYTE)[:MEGABYTE]
    start = time.process_time()

    scrub(line)

    assert time.process_time() - start < 5


SERVERS = {
    "uvicorn": "import uvicorn; uvicorn.Config('vre_portal.asgi:application').load()",
    "gunicorn": (
        "from gunicorn.config import Config; from gunicorn.glogging import Logger;"
        "c = Config(); c.set('accesslog', '-'); Logger(c); import vre_portal.wsgi"
    ),
    "celery": (
        "from vre_portal.celery import app; app.loader.init_worker();"
        "app.log.setup(loglevel='INFO', redirect_stdouts=True)"
    ),
    "manage.py": "import django; django.setup()",
}
CHECK = """
import logging
import data_mgmt.backends.rucio.download  # Rucio's library has a handler of its own
from vre_portal.logs import TokenFilter
known = [logging.getLogger(), *(logging.getLogger(n) for n in logging.root.manager.loggerDict)]
for logger in known:
    for handler in logger.handlers:
        if not isinstance(handler, logging.NullHandler):
            if not any(isinstance(f, TokenFilter) for f in handler.filters):
                print("unfiltered:", logger.name, handler)
for name in ("", "uvicorn.error", "uvicorn.access", "gunicorn.error", "gunicorn.access",
             "celery.task", "django.request", "django.server", "baseclient", "accounts.oidc"):
    logging.getLogger(name).error("%s says code=%s", name or "root", "q7Zk2mPx")
"""


@pytest.mark.parametrize("server", SERVERS)
def test_every_line_of_a_process_goes_through_the_filter(server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{SERVERS[server]}\n{CHECK}"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    written = done.stdout + done.stderr
    assert "unfiltered" not in written
    assert OPAQUE not in written
    assert written.count("says code=[hidden]") == 10
