"""Ten thousand watched requests: rules in a real Rucio, rows and signed-in people in a portal."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from demo.rucio.rest import RucioRefused, service
from demo.stack import Stack

SCOPE, NAME = "bench", "watched"
#: Pages that each person has open, each of another request.
OPEN_EACH = 5
ACCOUNT = "bench-{:04d}"
#: In the expression of each rule, so that all of them can be found and removed.
MARK = "BENCH-WATCHED-"


@dataclass(frozen=True)
class Page:
    """An open page: who looks, and at which request of which rule."""

    cookie: str
    request: str
    rule: str


def make_rules(stack: Stack, people: int, each: int) -> list[list[str]]:
    """Write rules on an empty dataset straight into Rucio's database; return them by account."""
    rest = service(stack)
    for path, body in (
        (f"/scopes/root/{SCOPE}", None),
        (f"/dids/{SCOPE}/{NAME}", {"type": "DATASET"}),
    ):
        with suppress(RucioRefused):  # it is there from the last time
            rest.call("POST", path, body)
    now = datetime.now(UTC).replace(tzinfo=None)
    made = [[uuid.uuid4().hex for _ in range(each)] for _ in range(people)]
    with psycopg.connect(stack.database_url("rucio")) as database:
        forget_rules(database)
        database.cursor().executemany(
            "INSERT INTO accounts (account, account_type, status, created_at, updated_at)"
            " VALUES (%s, 'USER', 'ACTIVE', %s, %s) ON CONFLICT DO NOTHING",
            [(ACCOUNT.format(n), now, now) for n in range(people)],
        )
        now -= timedelta(days=1)  # so that none of them is news
        database.cursor().executemany(
            "INSERT INTO rules (id, account, scope, name, did_type, state, rse_expression, copies,"
            " locked, locks_ok_cnt, locks_replicating_cnt, locks_stuck_cnt, activity, grouping,"
            " notification, purge_replicas, ignore_availability, ignore_account_limit,"
            " split_container, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, 'D', 'R', %s, 1, false, 0, 2, 0, 'User Subscriptions', 'D',"
            " 'N', false, false, false, false, %s, %s)",
            [
                (rule, ACCOUNT.format(n), SCOPE, NAME, f"{MARK}{n}-{i}", now, now)
                for n, rules in enumerate(made)
                for i, rule in enumerate(rules)
            ],
        )
    return made


def forget_rules(database: psycopg.Connection[Any]) -> None:
    """Take the rules of this benchmark out of Rucio, and whose they are."""
    database.execute("DELETE FROM rules WHERE rse_expression LIKE %s", [f"{MARK}%"])
    database.execute("DELETE FROM accounts WHERE account LIKE 'bench-____'")


def change(stack: Stack, rules: Sequence[str], *, done: int) -> None:
    """Let rules go on as the judge would: files arrive, and the last one completes the rule."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with psycopg.connect(stack.database_url("rucio")) as database:
        database.execute(
            "UPDATE rules SET locks_ok_cnt = %s, locks_replicating_cnt = 2 - %s, state = %s,"
            " updated_at = %s WHERE id = ANY(%s::uuid[])",
            [done, done, "O" if done == 2 else "R", now, list(rules)],
        )


def make_requests(rules: Sequence[Sequence[str]], token: str) -> list[Page]:
    """Write people with tokens, their requests and a signed-in browser each into the portal.

    Django is set up by now. Some requests of each person are open pages.
    """
    from accounts.models import Acceptance, BackendAccount, User  # noqa: PLC0415 - Django has to be set up first
    from data_mgmt.models import ReplicaRequest  # noqa: PLC0415 - Django has to be set up first
    from vre_portal.config import get_config  # noqa: PLC0415 - Django has to be set up first

    User.objects.filter(handle__startswith="bench-").delete()
    now = datetime.now(UTC)
    pages = []
    for number, mine in enumerate(rules):
        user = User.objects.create(handle=ACCOUNT.format(number), roles=["member"])
        Acceptance.objects.create(user=user, version=get_config().terms_version)
        identity = _lend(user, token)
        account = ACCOUNT.format(number)
        BackendAccount.objects.create(
            user=user, service="rucio", account=account, state="ready", identity=identity
        )
        made = ReplicaRequest.objects.bulk_create(
            ReplicaRequest(
                user=user, did_scope=SCOPE, did_name=f"{NAME}-{i}", storage=f"{MARK}{number}-{i}",
                rule_id=rule, state="replicating", files_total=2, bytes_total=2_000_000,
                created_at=now - timedelta(days=1),
                next_check_at=now + timedelta(seconds=random.uniform(0, 600)),
            )
            for i, rule in enumerate(mine)
        )  # fmt: skip
        cookie = _signed_in(user)
        opened = zip(made[:OPEN_EACH], mine, strict=False)
        pages += [Page(cookie, str(request.pk), rule) for request, rule in opened]
    return pages


def _lend(user: Any, token: str) -> Any:
    from tests.factories import lend, make_identity  # noqa: PLC0415 - Django has to be set up first

    identity = make_identity(user, issuer="https://bench.invalid/", subject=user.handle)
    lend(identity, "rucio", token)
    return identity


def _signed_in(user: Any) -> str:
    from django.test import Client  # noqa: PLC0415 - Django has to be set up first

    from tests.factories import sign_in  # noqa: PLC0415 - Django has to be set up first

    client = Client()
    sign_in(client, user)
    return str(client.session.session_key)
