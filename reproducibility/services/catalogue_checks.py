"""Whether the recorded inputs are still those of the catalogue, by their checksums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.backends import get_backend as data_backend
from reproducibility.models import AnalysisInput, AnalysisVersion, Run
from reproducibility.services.inputs import AUDIENCE
from vre_portal.errors import NotFound

#: So many files of one input are compared; a catalogue's answer of more is no list for a page.
MOST_FILES = 100_000
#: A capture records so many files of one input at most: a list as long may lack the others.
MOST_RECORDED = 10_000

Sums = Mapping[str, str]


def replaced_in_catalogue(user: User, version: AnalysisVersion) -> str:
    """Return which input is another one by now, in words; empty while all are as recorded.

    It asks the data service with the user's own token, and raises what that raises.
    """
    for recorded in version.inputs.all():
        if not recorded.files:
            continue
        try:
            listed = data_backend().list_files(
                credential_for(user, AUDIENCE), Did.parse(recorded.did), limit=MOST_FILES
            )
        except NotFound:
            return f"{recorded.did} is no longer in the catalogue."
        if len(listed) >= MOST_FILES:
            continue  # what the answer lacks is not known to be gone
        now = {str(entry.did): plain_sum(entry.adler32) for entry in listed}
        if words := difference(recorded, now):
            return words
    return ""


def replaced_in_run(run: Run) -> str:
    """Return the same from what a run has read; empty where it read the recorded files."""
    for recorded in run.version.inputs.all():
        read = [entry for entry in run.inputs if entry.get("dataset") == recorded.did]
        if not recorded.files or not read:
            continue
        now = {entry["did"]: plain_sum(entry.get("adler32") or "") for entry in read}
        if words := difference(recorded, now):
            return words
    return ""


def difference(recorded: AnalysisInput, now: Sums) -> str:
    """Return how files, given by DID with their checksums, are not the recorded ones, in words.

    It is empty where not all files may be recorded: then nothing is known of the others.
    """
    if len(recorded.files) >= MOST_RECORDED:
        return ""
    before = {str(entry["did"]): plain_sum(entry.get("adler32") or "") for entry in recorded.files}
    changes = [*_changed(before, now), *_gone(before, now), *_gone(now, before, word="new")]
    if not changes:
        return ""
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    return f"{recorded.did}: {changes[0]}{more}."


def _changed(before: Sums, now: Sums) -> Iterator[str]:
    for did, checksum in before.items():
        if did in now and checksum and now[did] and checksum != now[did]:
            yield f"{did} has the checksum {now[did]} instead of {checksum}"


def _gone(before: Sums, now: Iterable[str], *, word: str = "gone") -> Iterator[str]:
    known = set(now)
    yield from (f"{did} is {word}" for did in before if did not in known)


def plain_sum(adler32: str) -> str:
    """Return a checksum as one form: catalogues leave out zeros at the left, or write capitals."""
    return adler32.strip().lower().rjust(8, "0") if adler32.strip() else ""
