"""Fresh tokens for running sessions, which show their own hub token and nothing else.

The hub says whose session asks. Only the token that the hub gives to a session's server opens
this door: not a person's own token, not a service's, not one that opens several servers. A person
can have the hub make one that is no different: like the session's own, it opens nothing here once
the session is over.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from django.core.cache import cache
from django.utils import timezone

from accounts import audit, gate, lent_tokens
from accounts.credentials import credential_for
from accounts.models import AuditEvent, User
from sessions.backends import TokenOwner, get_backend, hub_credential
from sessions.models import Session
from vre_portal.config import get_config
from vre_portal.errors import (
    Conflict,
    CredentialExpired,
    Forbidden,
    InvalidRequest,
    PortalError,
    SignInRequired,
)
from vre_portal.limits import Limit

log = logging.getLogger(__name__)
#: What the portal's own API opens for a session that uploads: no more than its tokens for Rucio do.
UPLOADS, OPENS = "uploads", ("data",)
HEADER = re.compile(r"(?i:token|bearer) ([\x21-\x7e]{8,4096})")
#: By token: a session keeps a token for most of its life. By address: guessing is slow.
CALLS = Limit("broker-calls", 60)
REFUSALS = Limit("broker-refused", 30)
KNOWN_SECONDS = 3600
#: A session renews its tokens every few minutes: one entry an hour and audience tells that it does.
TOLD_AGAIN_AFTER = timedelta(hours=1)
REFUSED = (SignInRequired, Forbidden, InvalidRequest, Conflict)


@dataclass(frozen=True, slots=True)
class Loan:
    """A short token for one backend, and where it opens what."""

    access_token: str = field(repr=False)
    expires_at: datetime
    account: str
    service_url: str


def audiences() -> dict[str, str]:
    """Return what tokens are lent for: the services' addresses, those of the configuration too."""
    config = get_config()
    own = {
        "rucio": config.rucio_url or "",
        "reana": config.reana_url or "",
        UPLOADS: config.public_url,
    }
    return config.broker_audiences | own


def lend(authorization: str, audience: str, *, address: str) -> Loan:
    """Return a fresh token of the session's user for one backend.

    Raises
    ------
    SignInRequired
        The hub does not know the token: none was sent, or the session has stopped.
    Forbidden
        It is a token, but not that of one session that the portal knows to go on.
    InvalidRequest
        No token is lent for this audience.
    Conflict
        The user has to sign in to the portal again.
    TooManyRequests
        Too many calls in a minute.
    """
    owner: TokenOwner | None = None
    try:
        owner = _owner(authorization, address)
        return _lend(owner, audience)
    except REFUSED as exc:
        _tell_refusal(owner, audience, exc)
        raise


def _lend(owner: TokenOwner, audience: str) -> Loan:
    user = _user(owner)
    addresses = audiences()
    if audience not in addresses:
        raise InvalidRequest(f"audience: one of {', '.join(addresses)}.", field="audience")
    try:
        # Who may upload may do so in Rucio: without a sign-in neither is left.
        credential = credential_for(user, "rucio" if audience == UPLOADS else audience)
    except CredentialExpired as exc:
        raise Conflict(f"Sign in to the portal again. {exc.message}", service=audience) from exc
    if audience == UPLOADS:
        lent = lent_tokens.lend(user, OPENS)
        _tell_loan(user, _server_of(owner), audience)
        return Loan(lent.secret, lent.expires_at, user.handle, addresses[audience])
    log.info("token for %s lent to a session of %s", audience, user.handle)
    _tell_loan(user, _server_of(owner), audience)
    url = addresses[audience]
    return Loan(credential.token, credential.expires_at, credential.account, url)


def _tell_loan(user: User, server: str, audience: str) -> None:
    about, detail = _about(user, server), {"audience": audience}
    lately = AuditEvent.objects.filter(actor=user.pk, at__gt=timezone.now() - TOLD_AGAIN_AFTER)
    if not lately.filter(action="broker.lent", object_id=str(about[1]), detail=detail).exists():
        audit.record("broker.lent", actor=user, about=about, detail=detail)


def _tell_refusal(owner: TokenOwner | None, audience: str, why: PortalError) -> None:
    """Write a refusal down, once a minute for whoever goes on and on."""
    user = User.objects.filter(handle=owner.handle).first() if owner else None
    asked = audience if audience in audiences() else "unknown"
    audit.refused(
        "broker.refused",
        key=f"{owner.handle if owner else ''} {asked} {why.code}",
        actor=user,
        about=_about(user, _server_of(owner)) if owner else ("", ""),
        detail={"audience": asked, "why": why.code, "token_of": owner and owner.handle},
    )


def _about(user: User | None, server: str) -> tuple[str, object]:
    """Return a session as the log names it: by its id, or by its server when it has no row."""
    row = Session.objects.filter(user=user, server=server).first() if user else None
    return ("session", row.pk) if row else ("server", server)


def _server_of(owner: TokenOwner) -> str:
    """Return the name of the one server that a token opens, empty for other tokens."""
    opens = [scope for scope in owner.scopes if scope.startswith("access:servers!server=")]
    return opens[0].rpartition("/")[2] if len(opens) == 1 else ""


def _owner(authorization: str, address: str) -> TokenOwner:
    """Return whose token it is; who fails often, and who asks often, has to wait."""
    sent = HEADER.fullmatch(authorization.strip())
    known = f"broker-known:{sha256(sent[1].encode()).hexdigest()}" if sent else ""
    # Sessions of one machine share an address: who was right before waits for nobody's guesses.
    if not (known and cache.get(known)):
        REFUSALS.check(address)
    try:
        if sent is None:
            raise SignInRequired("Send the session's token: 'Authorization: token ...'.")
        CALLS.use(sent[1])
        owner = get_backend().identify(hub_credential(sent[1]))
    except SignInRequired:
        cache.delete(known)
        REFUSALS.use(address)
        raise
    cache.set(known, 1, timeout=KNOWN_SECONDS)
    return owner


def _user(owner: TokenOwner) -> User:
    if owner.kind != "user" or not _is_of_one_session(owner):
        raise Forbidden("Only the token of a running session is taken here.")
    user = User.objects.filter(handle=owner.handle).first()
    if user is None:
        raise Forbidden("This session's user has no account at the portal.")
    if (refusal := gate.refusal(user)) is not None:
        raise refusal
    # The row is there before the hub is asked; one found at the hub has one within seconds.
    if not Session.objects.active().filter(user=user, server=_server_of(owner)).exists():
        raise Forbidden("The portal knows no such session that runs. Launch one at the portal.")
    return user


def _is_of_one_session(owner: TokenOwner) -> bool:
    """Whether the scopes are exactly those that the hub gives to a server's own token."""
    me = f"!user={owner.handle}"
    opens = {scope for scope in owner.scopes if scope.startswith("access:servers")}
    reads = {f"read:users:{part}{me}" for part in ("name", "groups", "activity")}
    posts = {f"users:activity{me}"}
    one_server = len(opens) == 1 and all(
        re.fullmatch(rf"access:servers!server={re.escape(owner.handle)}/[^/!\s]*", scope)
        for scope in opens
    )
    return one_server and posts <= owner.scopes <= opens | reads | posts
