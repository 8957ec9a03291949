"""People with sessions in a portal of the benchmark's own, and their signed-in browsers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

TIMEOUT = 60
CSRF = "b" * 32


@dataclass(frozen=True)
class Person:
    """Who is signed in: the handle, and the cookie of the browser."""

    handle: str
    cookie: str
    key: Any


def make_people(prefix: str, count: int) -> list[Person]:
    """Write members who have accepted the terms, and sign a browser of each in."""
    from accounts.models import Acceptance, BackendAccount, User  # noqa: PLC0415 - Django has to be set up first
    from vre_portal.config import get_config  # noqa: PLC0415 - Django has to be set up first

    people = []
    for number in range(count):
        handle = f"{prefix}-{number:04d}"
        user = User.objects.create(handle=handle, display_name=handle, roles=["member"])
        Acceptance.objects.create(user=user, version=get_config().terms_version)
        for service in ("rucio", "jupyterhub", "reana"):
            BackendAccount.objects.create(user=user, service=service, account=handle, state="ready")
        people.append(Person(handle, _signed_in(user), user.pk))
    return people


def know(people: Sequence[Person]) -> None:
    """Have the hub know people and their groups, as it does after their first sign-in."""
    from accounts.models import User  # noqa: PLC0415 - Django has to be set up first
    from sessions.services import provision  # noqa: PLC0415 - Django has to be set up first

    for person in people:
        provision(User.objects.get(pk=person.key))


def _signed_in(user: Any) -> str:
    from django.test import Client  # noqa: PLC0415 - Django has to be set up first

    from tests.factories import sign_in  # noqa: PLC0415 - Django has to be set up first

    client = Client()
    sign_in(client, user)
    return str(client.session.session_key)


def browser(settings: dict[str, str], person: Person) -> requests.Session:
    """Return a person's browser: it keeps its connection, and can send forms."""
    made = requests.Session()
    made.trust_env = False
    suffix = settings["VRE_COOKIE_SUFFIX"]
    made.cookies.set(f"vre_session{suffix}", person.cookie)
    made.cookies.set(f"vre_csrf{suffix}", CSRF)
    return made


def send(
    page: requests.Session, settings: dict[str, str], path: str, fields: dict[str, str]
) -> str:
    """Send a form, and return where it leads."""
    url = settings["VRE_PUBLIC_URL"]
    answer = page.post(
        f"{url}{path}",
        data={"csrfmiddlewaretoken": CSRF, **fields},
        headers={"Referer": f"{url}{path}", "Origin": url},
        allow_redirects=False,
        timeout=TIMEOUT,
    )
    if answer.status_code != 302:
        raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text[:1500]}")
    return str(answer.headers["Location"])


def make_sessions(person: Person, count: int, *, running: int, names: list[str]) -> list[str]:
    """Write sessions of a person, the first of them running, and return their ids."""
    from sessions.models import Session  # noqa: PLC0415 - Django has to be set up first

    now = datetime.now(UTC)
    line = {"at": now.isoformat(timespec="seconds"), "text": "Your session is queued."}
    rows = []
    for number in range(count):
        runs = number < running
        began = now - timedelta(minutes=5 + number)
        rows.append(
            Session(
                user_id=person.key, environment="light", environment_name="Light",
                options={"profile": "light", "cpu": "1", "memory": "1"},
                name=f"Analysis {number}", server=names[number],
                state="ready" if runs else "stopped",
                message="Your session is ready." if runs else "The session has stopped.",
                percent=100, url=f"/user/{person.handle}/{names[number]}/lab" if runs else "",
                events=[{**line, "text": f"{line['text']} {step}"} for step in range(8)],
                started_at=began, ready_at=began, last_activity_at=now, checked_at=now,
                stopped_at=None if runs else now,
                expires_at=now + timedelta(hours=4) if runs else None,
                policy={"lifetime_hours": 4, "minutes_idle": 120, "opens": "lab"},
                # Asked now and then, each at its own time, as on a portal that runs for long.
                usage_at=now - timedelta(seconds=300 * number / max(1, count)),
            )
        )  # fmt: skip
    made = Session.objects.bulk_create(rows)
    for row, number in zip(made, range(count), strict=True):  # `created_at` is the clock's own
        Session.objects.filter(pk=row.pk).update(created_at=now - timedelta(minutes=5 + number))
    return [str(row.pk) for row in made]
