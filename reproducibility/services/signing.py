"""Sign the verdict of a run when it ends, once, and find signed verdicts again."""

from __future__ import annotations

import logging
import uuid
from base64 import b64decode, b64encode
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from reproducibility.models import Analysis, Run, RunState, SignedVerdict
from reproducibility.services import site_keys
from reproducibility.services.analyses import visible_versions
from reproducibility.services.statements import statement_of
from vre_portal.errors import NotFound

log = logging.getLogger(__name__)


def sign(run: Run) -> SignedVerdict | None:
    """Write the signed verdict of a run that has just ended; None where there is nothing to sign.

    It is to be called in the transaction that ends the run: then each run with a verdict has one
    signed verdict, wherever a worker dies. Variations have none, since they reproduce nothing, nor
    has a run of a version that recorded no output, such as the proof that records the first ones.
    """
    if run.state != RunState.FINISHED or run.verdict is None or run.is_variation:
        return None
    if not run.verdict["outputs"]:
        return None
    key = site_keys.signing_key()
    if key is None:
        log.warning("run %s: not signed, since VRE_SIGNING_KEY_FILE is not set", run.pk)
        return None
    verdict_id, now = uuid.uuid4(), timezone.now().replace(microsecond=0)
    statement = statement_of(run, verdict_id=verdict_id, at=now)
    return SignedVerdict.objects.create(
        id=verdict_id,
        run=run,
        kind=run.kind,
        version=run.version,
        level=run.verdict["level"],
        environment=run.verdict["environment"],
        inputs=run.verdict["inputs"],
        statement=statement,
        signature=b64encode(key.sign(statement)).decode(),
        key_id=key.public.id,
        signed_at=now,
    )


def holds(verdict: SignedVerdict) -> bool:
    """Whether a published key confirms that a verdict is as it was signed."""
    try:
        key = site_keys.public_key(verdict.key_id)
        public = Ed25519PublicKey.from_public_bytes(key.raw)
        public.verify(b64decode(verdict.signature), verdict.statement.encode())
    except (NotFound, InvalidSignature):
        return False
    return True


def find_verdict(user: User, verdict_id: UUID | str) -> SignedVerdict:
    """Return a signed verdict on an analysis that somebody may see, or on a run of theirs.

    Raises
    ------
    NotFound
        There is none, or it is not theirs to see.
    """
    known = SignedVerdict.objects.select_related(
        "run", "version__analysis", "version__analysis__owner"
    )
    seen = Q(version__in=visible_versions(user)) | Q(run__user=user)
    found = known.filter(seen, pk=verdict_id).defer("run__logs").first()
    if found is None:
        raise NotFound("There is no such verdict, or it is not yours to see.")
    return found


def verdicts_of(user: User, analysis: Analysis) -> QuerySet[SignedVerdict]:
    """Return the verdicts on what somebody sees, of anybody's runs, without saying whose."""
    versions = visible_versions(user).filter(analysis=analysis)
    rows = SignedVerdict.objects.filter(version__in=versions)
    return rows.select_related("version").defer("statement", "signature")
