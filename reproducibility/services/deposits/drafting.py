"""The draft of a deposit: made once, with a DOI, its files, and what it says of itself."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from reproducibility.backends.deposits import AUDIENCE, Description, Record, Refused, RemoteFile
from reproducibility.models import Deposit, DepositState
from reproducibility.services.deposits import content, describing
from reproducibility.services.deposits.content import Part
from reproducibility.services.deposits.releasing import finish
from reproducibility.services.deposits.turns import DraftGone, Turn
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import NotFound, PortalError, UpstreamRefused, UpstreamUnavailable
from vre_portal.operations import Again, Done, Outcome

#: A file that arrives damaged is sent so often once more.
MOST_SENDINGS = 4


def prepare(turn: Turn) -> Outcome:
    """Do the next part of a draft: its record, its DOI, one file after the other, its words."""
    deposit = turn.deposit
    if not deposit.remote_id:
        turn.doing(_("The draft is being made."))
        made = _made(turn)
        turn.got_on(remote_id=made.id, doi=made.doi)
        return Again()
    record = _read(turn)
    if record.published:  # by its person, at the repository itself
        return finish(turn, record)
    if not record.doi or record.doi != deposit.doi:
        return _reserve(turn)
    there = turn.backend.files(turn.credential, deposit.remote_id)
    missing = [part for part in content.PARTS if not _is_there(turn, part, there)]
    if missing:
        _send(turn, missing[0], there)
        return Again()
    return _describe(turn)


def _reserve(turn: Turn) -> Outcome:
    deposit = turn.deposit
    reserved = turn.backend.reserve_doi(turn.credential, deposit.remote_id)
    if not reserved.doi:
        words = _("%s gave no DOI. Tell the operators of this portal.") % deposit.service_name
        raise UpstreamRefused(words, service=AUDIENCE)
    turn.got_on(doi=reserved.doi)
    return Again()


def _made(turn: Turn) -> Record:
    """Return the draft, of the next version where one before is published; never a second one."""
    deposit, backend = turn.deposit, turn.backend
    former = former_of(deposit)
    if former is not None:
        return backend.new_version(turn.credential, former.remote_id)
    known = backend.find(turn.credential, deposit.marker)
    if known is not None:
        return known
    return backend.create(turn.credential, _description(deposit))


def former_of(deposit: Deposit) -> Deposit | None:
    """Return the newest deposit of the same analysis that is published at the same repository."""
    done = Deposit.objects.filter(state=DepositState.PUBLISHED, service=deposit.service)
    same = done.filter(version__analysis=deposit.version.analysis_id)
    return same.order_by("-version__number").first()


def _description(deposit: Deposit) -> Description:
    former = former_of(deposit)
    doi = former.doi if former else ""
    return describing.describe(deposit, former_doi=doi, today=timezone.now().date())


def _read(turn: Turn) -> Record:
    try:
        return turn.backend.read(turn.credential, turn.deposit.remote_id)
    except NotFound as exc:
        raise DraftGone from exc


def _is_there(turn: Turn, part: Part, there: tuple[RemoteFile, ...]) -> bool:
    """Whether a file was sent, and is at the repository as it was sent."""
    key = part.name(turn.deposit)
    sent = {each["key"]: each["md5"] for each in turn.deposit.files}
    return any(each.key == key and each.md5 and each.md5 == sent.get(key) for each in there)


def _send(turn: Turn, part: Part, there: tuple[RemoteFile, ...]) -> None:
    deposit = turn.deposit
    folder = get_config().work_folder / deposit.pk.hex
    packing = _("%s is being packed.") % part.name(deposit)
    spooled = content.spool(part, turn.user, deposit, to=folder, told=lambda: turn.say(packing))
    sending = {"key": spooled.key, "size": size(spooled.size)}
    turn.doing(_("%(key)s is being sent, %(size)s.") % sending)
    arrived = next((each for each in there if each.key == spooled.key), None)
    if arrived is None or arrived.md5 != spooled.md5:
        turn.backend.remove_file(turn.credential, deposit.remote_id, spooled.key)
        arrived = turn.backend.upload(turn.credential, deposit.remote_id, spooled.key, spooled.path)
    if arrived.md5 != spooled.md5:
        raise _damaged(deposit, spooled.key)
    others = [each for each in deposit.files if each["key"] != spooled.key]
    told = {"key": spooled.key, "size": spooled.size, "md5": spooled.md5}
    turn.got_on(files=[*others, told])


def _damaged(deposit: Deposit, key: str) -> PortalError:
    words = _("%s did not arrive whole.") % key
    # Large files are not sent for a whole day.
    kind = UpstreamUnavailable if deposit.troubles < MOST_SENDINGS else UpstreamRefused
    return kind(words, service=AUDIENCE)


def _describe(turn: Turn) -> Outcome:
    """Say on the draft what it is, and leave it to its person."""
    deposit, description = turn.deposit, _description(turn.deposit)
    told = turn.backend.update(turn.credential, deposit.remote_id, description)
    turn.got_on(description=describing.as_json(description))
    if told.faults:
        words = _("%(name)s does not accept what the draft says: see below.")
        raise Refused(words % {"name": deposit.service_name}, faults=told.faults)
    words = _("the draft at %(name)s waits for you to look at it and publish it.")
    turn.end(
        "deposit-ready", words % {"name": deposit.service_name}, level="info",
        state=DepositState.READY, message="",
    )  # fmt: skip
    return Done()
