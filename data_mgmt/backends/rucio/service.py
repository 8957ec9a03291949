"""The service credential: provisioning only, never for what a person does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from threading import Lock
from urllib.parse import quote

from accounts.credentials import Credential
from data_mgmt.backends.rucio import rest
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, NotFound, UpstreamRefused
from vre_portal.http import call

#: A token with less than this to live is not used for another piece of work.
SPARE = timedelta(minutes=5)
MAX_SCOPE = 25
#: So much is left of a handle that needs a number: it has to fit with "user." into a scope.
SHORTENED = 17

_lock = Lock()
_kept: dict[str, Credential] = {}


def service_credential() -> Credential:
    """Return the provisioning account's credential, kept until shortly before it expires.

    Raises
    ------
    UpstreamRefused
        Rucio does not know the configured account or password.
    """
    with _lock:
        kept = _kept.get(rest.address())
        if kept is None or kept.expires_at - datetime.now(UTC) < SPARE:
            kept = _kept[rest.address()] = _sign_in()
        return kept


def _sign_in() -> Credential:
    config = get_config()
    password = config.rucio_service_password
    headers = {
        "X-Rucio-Account": config.rucio_service_account,
        "X-Rucio-Username": config.rucio_service_username,
        "X-Rucio-Password": password.get_secret_value() if password else "",
    }
    answer = call(rest.NAME, "GET", f"{rest.address()}/auth/userpass", headers=headers)
    token = answer.headers.get("X-Rucio-Auth-Token")
    if not answer.ok or not token:
        raise UpstreamRefused(
            "Rucio does not accept the portal's own account. Tell the operators.",
            service=rest.SERVICE,
        )
    expires = answer.headers.get("X-Rucio-Auth-Token-Expires")
    return Credential(
        user_id=rest.NOBODY,
        account=config.rucio_service_account,
        audience=rest.SERVICE,
        token=token,
        expires_at=_time(expires) if expires else datetime.now(UTC) + timedelta(minutes=30),
    )


def _time(text: str) -> datetime:
    at = parsedate_to_datetime(text.replace("UTC", "GMT"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def ensure_account(
    credential: Credential,
    handle: str,
    *,
    email: str,
    identities: Sequence[tuple[str, str]],
    quota_bytes: int,
    storages: Sequence[str],
    known_as: str,
    absorbed: Sequence[str],
) -> str:
    """Make what is absent of account, identities, scope and limits; return the account's name."""
    opens = {key: _accounts_of(credential, key) for key in map(_key, identities)}
    account = _wanted(opens, absorbed, known_as, handle) or _free_name(credential, handle)
    _ensure_open(credential, account, email)
    _join(credential, account, opens, email)
    scope = f"user.{account}"
    if len(scope) <= MAX_SCOPE:
        _make(credential, f"/scopes/{quote(account)}/{quote(scope)}", None)
    limits = rest.value(credential, f"/accounts/{quote(account)}/limits/local")
    for storage in storages:
        if storage not in limits:
            path = f"/accounts/{quote(account)}/limits/local/{quote(storage)}"
            _make(credential, path, {"bytes": quota_bytes})
    return account


def shut_out(
    credential: Credential, identities: Sequence[tuple[str, str]], accounts: Sequence[str]
) -> None:
    """Let none of the identities open one of the accounts."""
    for key in map(_key, identities):
        for name in _accounts_of(credential, key):
            if name in accounts:
                _take_away(credential, name, key)


def _key(identity: tuple[str, str]) -> str:
    issuer, subject = identity
    return f"SUB={subject}, ISS={issuer}"


def _accounts_of(credential: Credential, key: str) -> list[str]:
    """Return the accounts that an identity opens."""
    params = {"identity_key": key, "type": "OIDC"}
    return [*map(str, rest.value(credential, "/identities/accounts", params=params))]


def _wanted(
    opens: Mapping[str, Sequence[str]], absorbed: Sequence[str], known_as: str, handle: str
) -> str:
    """Return the account that all identities are to open; empty where it has to be made.

    Raises
    ------
    Conflict
        An identity opens another one, which is not the portal's to take away, or several.
    """
    names = {name for opened in opens.values() for name in opened}
    ours = [name for name in (known_as, handle) if name in names]
    others = sorted(names - {*absorbed})
    if not ours and len(others) > 1:
        raise _not_ours(others)
    account = (ours or others or [known_as])[0]
    for opened in opens.values():
        foreign = sorted({*opened} - {*absorbed})
        if foreign and account not in opened:
            raise _not_ours(foreign)
    return account


def _not_ours(names: Sequence[str]) -> Conflict:
    if len(names) == 1:
        told = f"This identity opens the account {names[0]} in Rucio, which the portal did not make"
    else:
        told = (
            f"Your identities open the accounts {' and '.join(names)} in Rucio,"
            " which the portal did not make"
        )
    return Conflict(f"{told}. Ask the operators of Rucio.", service=rest.SERVICE)


def _free_name(credential: Credential, handle: str) -> str:
    """Return the handle, with a number where an account of somebody else has this name."""
    name = handle
    for number in count(2):
        try:
            rows = [*rest.rows(credential, f"/accounts/{quote(name)}/identities")]
        except NotFound:
            return name
        if not any(row["type"] == "OIDC" for row in rows):
            return name
        name = f"{handle[:SHORTENED]}-{number}"
    raise AssertionError


def _join(
    credential: Credential, account: str, opens: Mapping[str, Sequence[str]], email: str
) -> None:
    """Let each identity open the account; one that opens absorbed ones instead is moved.

    A token acts as the default account of its identity, and of two defaults as either.
    """
    for key, names in opens.items():
        if account in names:
            continue
        for name in names:
            _take_away(credential, name, key)
        body = {"identity": key, "authtype": "OIDC", "email": email, "default": True}
        _make(credential, f"/accounts/{quote(account)}/identities", body)


def _take_away(credential: Credential, account: str, key: str) -> None:
    body = {"identity": key, "authtype": "OIDC"}
    rest.ask(credential, "DELETE", f"/accounts/{quote(account)}/identities", body=body)


def _ensure_open(credential: Credential, account: str, email: str) -> None:
    path = f"/accounts/{quote(account)}"
    try:
        row = rest.value(credential, path)
    except NotFound:
        _make(credential, path, {"type": "USER", "email": email})
        return
    if row.get("status") not in {None, "ACTIVE"}:
        raise Forbidden("Your account in Rucio is suspended. Ask its operators.", service="rucio")


def _make(credential: Credential, path: str, body: object) -> None:
    try:
        rest.ask(credential, "POST", path, body=body)
    except Conflict:
        return  # made meanwhile, or before: what was wanted is there
