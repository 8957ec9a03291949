"""What a reproduction will take, told before anything runs: where, how long, inputs, room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileReplicas
from data_mgmt.backends import get_backend as data_backend
from data_mgmt.services.embargo import check_contents
from reproducibility.backends import AUDIENCE, About, Quota, Usage, get_backend
from reproducibility.models import AnalysisInput, AnalysisVersion, RunState
from reproducibility.services import inputs as inputs_of
from reproducibility.services import workflows
from reproducibility.services.catalogue_checks import difference, plain_sum
from vre_portal.budget import Budget
from vre_portal.components.formats import duration, size
from vre_portal.config import get_config
from vre_portal.errors import CredentialExpired, Forbidden, NotFound, PortalError

T = TypeVar("T")
#: Of larger inputs only the first files are looked at; the worker looks at all of them.
MOST_FILES = 2000
AVAILABLE = "available"
SHOWN_STORAGES = 3


class Standing(StrEnum):
    """How something stands before a run."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and a sentence about it."""

    title: str
    standing: Standing
    text: str


@dataclass(frozen=True, slots=True)
class InputCheck:
    """One input: how much it is, where it is, and whether it is what was recorded.

    Where it `is_all` not, it has more files than were looked at: amounts are of the first ones.
    """

    did: str
    folder: str
    standing: Standing
    text: str
    files: int = 0
    bytes: int = 0
    storages: tuple[str, ...] = ()
    is_all: bool = True


@dataclass(frozen=True, slots=True)
class Preflight:
    """All that a page tells before the button is pressed; seconds of the last runs, or None."""

    engine: str
    steps: tuple[str, ...]
    service: Check
    environment: Check
    room: Check
    inputs: tuple[InputCheck, ...]
    seconds: float | None

    @property
    def bytes(self) -> int:
        """How much the inputs are, in bytes."""
        return sum(each.bytes for each in self.inputs)

    @property
    def blocked(self) -> str:
        """Why it can't be started, empty when it can."""
        checks: list[Check | InputCheck] = [*self.inputs]
        checks += [self.service, self.environment, self.room]
        return next((each.text for each in checks if each.standing is Standing.BAD), "")


#: Waits for an answer, or raises why there is none.
Answer = Callable[[], T]


def look(
    user: User, version: AnalysisVersion, *, seconds: float | None, others: Mapping[str, str]
) -> Preflight:
    """Return how a run of a version would stand now, within the time that a page may wait.

    `others` are what is to be read in place of recorded inputs, both by DID.
    """
    reana, rucio = (_Questions(user, audience) for audience in (AUDIENCE, inputs_of.AUDIENCE))
    backend, catalogue = get_backend(), data_backend()
    about, quota = reana.ask(backend.about), reana.ask(backend.quota)
    reads = [(each, others.get(each.did, each.did)) for each in version.inputs.all()]

    def replicas_of(did: str) -> Answer[tuple[FileReplicas, ...]]:
        wanted = Did.parse(did)
        return rucio.ask(lambda who: catalogue.list_replicas(who, wanted, limit=MOST_FILES))

    replicas = {did: replicas_of(did) for _recorded, did in reads}
    engine = workflows.engine_of(version)
    checked = tuple(_input(user, each, did, replicas[did]) for each, did in reads)
    needed = sum(each.bytes for each in checked)
    return Preflight(
        engine=engine,
        steps=workflows.steps_of(version).nodes,
        service=_service(engine, about),
        environment=_environment(version, about),
        room=_room(needed, seconds, quota, is_all=all(each.is_all for each in checked)),
        inputs=checked,
        seconds=seconds,
    )


class _Questions:
    """Questions to one backend with a person's token, asked at once."""

    def __init__(self, user: User, audience: str) -> None:
        self._budget = Budget(audience)
        self._refused: PortalError | None = None
        try:
            self._who = credential_for(user, audience)
        except PortalError as exc:
            self._refused = exc

    def ask(self, question: Callable[[Credential], T]) -> Answer[T]:
        """Start a question; without a token its answer is why there is none."""
        if (refused := self._refused) is not None:

            def refuse() -> T:
                raise refused

            return refuse
        return self._budget.ask(partial(question, self._who)).get


def _input(
    user: User, recorded: AnalysisInput, did: str, asked: Answer[tuple[FileReplicas, ...]]
) -> InputCheck:
    """Look at one input: open to the person, there, whole, and as recorded."""
    told = partial(InputCheck, did, recorded.folder)
    try:
        check_contents(user, Did.parse(did))
        rows = asked()
    except (Forbidden, NotFound) as exc:
        return told(Standing.BAD, exc.message)
    except PortalError as exc:
        return told(Standing.UNKNOWN, exc.message)
    amount = (len(rows), sum(row.file.bytes for row in rows), _storages(rows))
    if nowhere := [row.file for row in rows if not _available(row)]:
        words = _("%(did)s has no copy that can be read; its checksum is to be %(sum)s.")
        first = {"did": nowhere[0].did, "sum": nowhere[0].adler32 or _("not known")}
        return told(Standing.BAD, words % first, *amount)
    if len(rows) >= MOST_FILES:
        words = _("At least %(n)s files are there; the first of them were looked at.")
        return told(Standing.OK, words % {"n": len(rows)}, *amount, is_all=False)
    now = {str(row.file.did): plain_sum(row.file.adler32) for row in rows}
    if did == recorded.did and recorded.files and (words := difference(recorded, now)):
        return told(Standing.WARNING, _("Replaced since it was recorded: %s") % words, *amount)
    words = ngettext("%(n)s file is there.", "%(n)s files are there.", len(rows))
    return told(Standing.OK, words % {"n": len(rows)}, *amount)


def _available(row: FileReplicas) -> bool:
    return any(copy.state == AVAILABLE for copy in row.copies)


def _storages(rows: Sequence[FileReplicas]) -> tuple[str, ...]:
    """Return where most of the files are, the fullest first."""
    counted = Counter(
        copy.storage for row in rows for copy in row.copies if copy.state == AVAILABLE
    )
    return tuple(name for name, _files in counted.most_common(SHOWN_STORAGES))


def _service(engine: str, asked: Answer[About]) -> Check:
    title = _("Where it runs")
    try:
        about = asked()
    except CredentialExpired as exc:
        return Check(title, Standing.BAD, exc.message)
    except PortalError as exc:
        return Check(title, Standing.UNKNOWN, exc.message)
    named = {"version": about.version, "engine": engine}
    if about.engines and engine not in about.engines:
        words = _("REANA %(version)s here has no engine called %(engine)s.")
        return Check(title, Standing.BAD, words % named)
    return Check(title, Standing.OK, _("REANA %(version)s, engine %(engine)s.") % named)


def _environment(version: AnalysisVersion, asked: Answer[About]) -> Check:
    """Say what the last run had, or what the service says that it does with images."""
    title = _("Environment")
    last = version.runs.filter(state=RunState.FINISHED).exclude(environment={}).first()
    used = last.environment if last else {}
    if used.get("substituted"):
        words = _(
            "Substituted: %(used)s runs instead of the recorded image, and the verdict says so."
        )
        return Check(title, Standing.WARNING, words % {"used": used["used"]})
    if used.get("substituted") is False:
        return Check(title, Standing.OK, _("The recorded image was available for the last run."))
    if local := _local_environments(asked):
        words = _("Images are not run here: a named local environment takes their place (%s).")
        return Check(title, Standing.WARNING, words % local)
    return Check(title, Standing.UNKNOWN, _("Known once it has run here for the first time."))


def _local_environments(asked: Answer[About]) -> str:
    try:
        details = asked().details
    except PortalError:
        return ""
    return next((row.value for row in details if row.key == "environments"), "")


def _room(
    needed: int, seconds: float | None, asked: Answer[Quota], *, is_all: bool = True
) -> Check:
    """Say what the run takes of what the person may use."""
    title = _("What it takes of your quota")
    try:
        quota = asked()
    except PortalError as exc:
        return Check(title, Standing.UNKNOWN, exc.message)
    amount = size(needed) if is_all else _("at least %s") % size(needed)
    takes = {"size": amount, "time": duration(seconds)}
    words = _("The inputs take %(size)s.") % takes
    if seconds:
        words = _("The inputs take %(size)s; the last runs took %(time)s.") % takes
    if needed > (most := get_config().run_input_bytes):
        words = _("The inputs are %(need)s; a run is given at most %(most)s.")
        return Check(title, Standing.BAD, words % {"need": amount, "most": size(most)})
    disk, cpu = _left(quota.disk), _left(quota.cpu)
    if disk is not None and disk < needed:
        over = {"need": amount, "left": size(disk)}
        words = _(
            "It needs %(need)s, and %(left)s of your room at REANA are left. Delete old runs."
        )
        return Check(title, Standing.BAD, words % over)
    if cpu == 0:
        words = _("Your processor time at REANA is used up. Ask the site's operators for more.")
        return Check(title, Standing.BAD, words)
    rest = _("There is no limit of room.")
    if disk is not None:
        rest = _("%s of your room at REANA are left.") % size(disk)
    return Check(title, Standing.OK, f"{words} {rest}")


def _left(usage: Usage | None) -> int | None:
    return usage.left if usage else None
