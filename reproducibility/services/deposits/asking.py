"""What the owner of an analysis asks of a deposit: begin, look, confirm, try again, throw away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import Credential, credential_for
from accounts.models import User
from activity import services as activity
from reproducibility.backends.deposits import AUDIENCE, get_deposits
from reproducibility.models import Analysis, AnalysisVersion, Deposit, DepositState
from reproducibility.services.analyses import find_version, is_uuid
from reproducibility.services.captures.publishing import own
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound
from vre_portal.live import publish

KIND = "analysis.deposit"
TOPIC = "deposit"
ABOUT = "analysis"


def is_offered() -> bool:
    """Whether this site has a repository to deposit in."""
    return bool(get_config().deposit_url)


def begin(user: User, key: str, number: str = "") -> Deposit:
    """Prepare a draft of a version of one's published analysis; nothing is published yet.

    Raises
    ------
    NotFound
        There is no such version, or the site has no repository.
    Forbidden, Conflict
        The analysis is another's, is not published, or the version is deposited already.
    TokenWanted
        The person has pasted no token for the repository yet.
    """
    analysis = own(user, key)
    version = find_version(user, analysis, number)
    _check(analysis, version)
    credential_for(user, AUDIENCE)
    config = get_config()
    with transaction.atomic():
        # Two at once would end as two records.
        Analysis.objects.select_for_update(no_key=True).get(pk=analysis.pk)
        _check_others(version)
        deposit = Deposit(
            user=user, version=version, service=config.deposit_url or "",
            service_name=config.deposit_name,
        )  # fmt: skip
        _go_on(deposit, user, DepositState.PREPARING)
        _note(deposit, user, "asked")
    return deposit


def _check(analysis: Analysis, version: AnalysisVersion) -> None:
    if not is_offered():
        raise NotFound(_("This site deposits analyses nowhere."))
    check_published(analysis, version)


def check_published(analysis: Analysis, version: AnalysisVersion) -> None:
    """Refuse what not everybody sees here: nothing goes out that its owner has withdrawn."""
    if not (analysis.published and version.public):
        raise Conflict(_("Only what is published here can be deposited. Publish it first."))


def _check_others(version: AnalysisVersion) -> None:
    """Refuse while a draft of the analysis is open: records follow each other, version by version.

    Raises
    ------
    Conflict
        One is open, or the version is not newer than what is published.
    """
    same = Deposit.objects.filter(
        version__analysis=version.analysis_id, service=get_config().deposit_url
    )
    newest = same.select_related("version").order_by("-version__number").first()
    if newest is None:
        return
    if newest.state != DepositState.PUBLISHED:
        words = _("A draft of version %s is open. Publish it, or throw it away first.")
        raise Conflict(words % newest.version.number)
    if newest.version.number >= version.number:
        words = _("Version %(number)s is published already, as doi:%(doi)s.")
        raise Conflict(words % {"number": newest.version.number, "doi": newest.doi})


def find(user: User, analysis: Analysis, key: UUID | str) -> Deposit:
    """Return one of the deposits of an analysis of the user's."""
    mine = Deposit.objects.visible_to(user).select_related("version__analysis")
    found = mine.filter(pk=key, version__analysis=analysis).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such deposit, or it is not yours."))
    return found


def of_analysis(user: User, analysis: Analysis) -> list[Deposit]:
    """Return the deposits of an analysis of the user's, the newest first."""
    mine = Deposit.objects.visible_to(user).select_related("version__analysis")
    return list(mine.filter(version__analysis=analysis))


def published(user: User, analysis: Analysis) -> list[Deposit]:
    """Return the deposits with a DOI of an analysis that somebody sees, the newest first."""
    rows = Deposit.objects.published_for(user).select_related("version")
    return list(rows.filter(version__analysis=analysis).order_by("-version__number"))


def confirm(user: User, deposit: Deposit, *, confirmed: bool) -> Deposit:
    """Publish a draft that its person has looked at: that can not be undone.

    Raises
    ------
    InvalidRequest
        It is not confirmed.
    Conflict
        It is no draft that is ready, or the analysis is not published any more.
    """
    if not confirmed:
        words = _("Confirm that you have looked at it: a published record stays for good.")
        raise InvalidRequest(words, field="confirmed")
    with transaction.atomic():
        row = _held(deposit, {DepositState.READY}, _("There is no draft that is ready."))
        _check(row.version.analysis, row.version)
        credential_for(user, AUDIENCE)
        _go_on(row, user, DepositState.PUBLISHING)
        _note(row, user, "confirmed")
    return row


def prepare_again(user: User, deposit: Deposit) -> Deposit:
    """Make the draft anew from what the analysis says now, in the place of the same draft.

    Raises
    ------
    Conflict
        A worker has it, or it is published.
    """
    with transaction.atomic():
        row = _resting(deposit)
        _check(row.version.analysis, row.version)
        credential_for(user, AUDIENCE)
        row.files = []
        _go_on(row, user, DepositState.PREPARING)
        _note(row, user, "prepared-again")
    return row


def discard(user: User, deposit: Deposit) -> None:
    """Delete a draft, here and at the repository.

    Raises
    ------
    Conflict
        A worker has it, or it is published.
    """
    with transaction.atomic():
        row = _resting(deposit)
        if row.remote_id:
            _discard_there(credential_for(user, AUDIENCE), row)
        _note(row, user, "discarded")
        row.delete()


def _discard_there(credential: Credential, deposit: Deposit) -> None:
    try:
        found = get_deposits().read(credential, deposit.remote_id)
    except NotFound:
        return
    if found.published:
        words = _("It was published at %s meanwhile. Prepare it again: that only notes its DOI.")
        raise Conflict(words % deposit.service_name)
    get_deposits().discard(credential, deposit.remote_id)


def _resting(deposit: Deposit) -> Deposit:
    """Return a draft that no worker has, held until the change of it is saved."""
    stands = {DepositState.READY, DepositState.FAILED}
    return _held(deposit, stands, _("It is under way, or published already."))


def _held(deposit: Deposit, states: set[DepositState], otherwise: str) -> Deposit:
    rows = Deposit.objects.select_for_update(of=("self",)).select_related("version__analysis")
    row = rows.filter(pk=deposit.pk).first()
    if row is None or row.state not in states:
        raise Conflict(otherwise)
    check_place(row)
    return row


def check_place(deposit: Deposit) -> None:
    """Refuse to go on with a deposit at a repository that the site does not use any more."""
    if deposit.service != get_config().deposit_url:
        words = _("It is at %s, which this site uses no more. Go on there.")
        raise Conflict(words % deposit.service)


def _go_on(deposit: Deposit, user: User, state: DepositState) -> None:
    deposit.state, deposit.message, deposit.faults = state, "", []
    deposit.waiting = False
    deposit.user, deposit.troubles, deposit.attempt = user, 0, deposit.attempt + 1
    deposit.save()
    key = f"{KIND}:{deposit.pk}:{deposit.attempt}"
    operations.begin(KIND, subject=deposit.pk, user_id=user.pk, key=key)
    publish_state(deposit)


def _note(deposit: Deposit, user: User, verb: str) -> None:
    detail = {
        "slug": deposit.version.analysis.slug,
        "version": deposit.version.number,
        "service": deposit.service,
        "doi": deposit.doi,
    }
    about = (ABOUT, deposit.version.analysis_id)
    audit.record(f"analysis.deposit-{verb}", actor=user, about=about, detail=detail)


def tell(deposit: Deposit, verb: str, text: str, *, level: str = "info") -> None:
    """Write what happened to the analysis's timeline, and tell the open pages."""
    analysis = deposit.version.analysis
    if deposit.user_id is None:
        return
    activity.record(
        user_id=deposit.user_id,
        verb=f"analysis.{verb}",
        subject=(ABOUT, analysis.pk),
        text=f"{analysis.title}: {text}",
        level=level,
        url=reverse("reproducibility:deposit", args=(analysis.slug,)),
    )
    publish_state(deposit)


def publish_state(deposit: Deposit) -> None:
    """Tell the open pages."""
    event = {"state": str(deposit.state), "message": deposit.message}
    publish(f"{TOPIC}:{deposit.pk}", event)


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a deposit as the websocket tells it first."""
    mine = Deposit.objects.filter(version__analysis__owner_id=UUID(str(user_id)))
    found = mine.filter(pk=key).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such deposit, or it is not yours."))
    return {"state": found.state, "message": found.message}
