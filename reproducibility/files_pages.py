"""What the pages of a run's files and registrations show, worked out before their templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from data_mgmt import preview_pages, upload_pages
from data_mgmt import services as data
from data_mgmt.previews.options import Options
from data_mgmt.services.acting import writable_scopes
from data_mgmt.services.previews import Answer
from data_mgmt.upload_pages import StorageCard
from reproducibility import session_links
from reproducibility.models import KEPT, FileState, RegisteredFile, Registration, Run
from reproducibility.registering_forms import RegisterForm, proposed_name
from reproducibility.services import file_previews, registering
from reproducibility.services.run_contents import Content
from reproducibility.services.workspace import Entry, Kind, Workspace
from vre_portal.components.formats import size
from vre_portal.errors import PortalError

MOST_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """One folder on the way to a page."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a folder."""

    entry: Entry
    url: str
    download_url: str
    is_registered: bool

    @property
    def icon(self) -> str:
        """The name of its drawing."""
        return "folder" if self.is_folder else "file"

    @property
    def is_folder(self) -> bool:
        """Whether it leads further down."""
        return self.entry.kind is Kind.FOLDER

    @property
    def download_label(self) -> str:
        """The name of the download link for a screen reader."""
        words = _("Download %s as a ZIP") if self.is_folder else _("Download %s")
        return words % self.entry.name


@dataclass(frozen=True, slots=True)
class KeptRow:
    """An output that the portal keeps beside the workspace."""

    path: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A file that may be registered."""

    entry: Entry
    checked: bool
    registered: bool


def frame(run: Run, path: str) -> dict[str, Any]:
    """Return what every page of files has: the way to it, and where it goes back to."""
    parent = path.rpartition("/")[0]
    return {
        "run": run,
        "path": path,
        "name": path.rpartition("/")[2],
        "steps": steps(run, path),
        "parent_url": address(run, parent) if path else "",
        "registrations": registering.of_run(run),
        "session_url": session_links.of_run(run),
        "in_session": registering.datasets_of(run),
    }


def folder(run: Run, there: Workspace, path: str) -> dict[str, Any]:
    """Return a folder's values."""
    entries, inside = there.browse(path), there.look(path)
    registered = registered_paths(run)
    return {
        "rows": [_row(run, entry, registered) for entry in entries[:MOST_ROWS]],
        "left_out": max(0, len(entries) - MOST_ROWS),
        "folder": inside,
        "archive_url": archive(run, path) if inside.files else "",
        "register_url": reverse("reproducibility:register", args=(run.pk,)),
        "can_register": not run.active and bool(inside.files),
    }


def file(run: Run, content: Content, query: Mapping[str, str]) -> dict[str, Any]:
    """Return a file's values, with its preview."""
    entry, download_url = content.entry, _content(run, content.entry.path)
    register_url = reverse("reproducibility:register", args=(run.pk,))
    registered = run.registered_files.filter(path=entry.path).select_related("registration")
    return {
        "entry": entry,
        "download_url": download_url,
        "registered": registered.exclude(state=FileState.FAILED).first(),
        "register_url": f"{register_url}?{urlencode({'file': entry.path})}",
        **_preview(query, lambda options: file_previews.of_run(content, options), download_url),
    }


def shown_output(
    query: Mapping[str, str], ask: Callable[[Options], Answer], download_url: str
) -> dict[str, Any]:
    """Return the values of an output that is kept here, with its preview."""
    return {"download_url": download_url, **_preview(query, ask, download_url)}


def _preview(
    query: Mapping[str, str], ask: Callable[[Options], Answer], url: str
) -> dict[str, Any]:
    # Looking "in a session" is for data of the lake: these bytes are not there yet.
    return preview_pages.told(query, ask, content_url=url) | {"session_url": ""}


def kept(run: Run) -> list[KeptRow]:
    """Return the outputs that are still here when the workspace is not."""
    rows = run.outputs.filter(size__lte=KEPT).values_list("path", "size")
    return [
        KeptRow(path, bytes_, reverse("reproducibility:kept-output", args=(run.pk, path)))
        for path, bytes_ in rows
    ]


def address(run: Run, path: str) -> str:
    """Return the page of a file or folder."""
    return reverse("reproducibility:files", args=(run.pk, path) if path else (run.pk,))


def archive(run: Run, path: str) -> str:
    """Return where a folder comes as a ZIP."""
    url = reverse("api:run-archive", args=(run.pk,))
    return f"{url}?{urlencode({'path': path})}" if path else url


def steps(run: Run, path: str) -> list[Step]:
    """Return the folders above a path; the last one is the page itself, without an address."""
    names = path.split("/") if path else []
    found = [Step(_("Files"), address(run, "") if names else "")]
    for number, name in enumerate(names, 1):
        url = "" if number == len(names) else address(run, "/".join(names[:number]))
        found.append(Step(name, url))
    return found


def registered_paths(run: Run) -> set[str]:
    """Return the files of a run that are in Rucio, or on their way there."""
    rows = run.registered_files.exclude(state=FileState.FAILED)
    return set(rows.values_list("path", flat=True))


def _row(run: Run, entry: Entry, registered: set[str]) -> Row:
    is_folder = entry.kind is Kind.FOLDER
    download_url = archive(run, entry.path) if is_folder else _content(run, entry.path)
    return Row(entry, address(run, entry.path), download_url, entry.path in registered)


def _content(run: Run, path: str) -> str:
    url = reverse("api:run-content", args=(run.pk,))
    return f"{url}?{urlencode({'path': path})}"


def register_form(
    run: Run, there: Workspace, fields: QueryDict | None, wanted: Sequence[str]
) -> RegisterForm:
    """Return the form of a run: as it was sent, or with what is usual."""
    usual = {"dataset": proposed_name(run), "chosen": [*wanted]}
    return RegisterForm(
        fields,
        scopes=[scope.name for scope in writable_scopes(run.user)],
        paths=[file.path for file in there.files],
        initial=usual,
    )


def register_page(run: Run, there: Workspace, form: RegisterForm) -> dict[str, Any]:
    """Return the page with the form."""
    chosen = set(form["chosen"].value() or [])
    registered = registered_paths(run)
    choices = [
        Choice(file, file.path in chosen, file.path in registered)
        for file in there.files[:MOST_ROWS]
    ]
    outputs = [choice for choice in choices if choice.entry.is_output]
    return {
        "run": run,
        "form": form,
        "cards": _cards(run, str(form["storage"].value() or "")),
        "outputs": outputs,
        "others": [choice for choice in choices if not choice.entry.is_output],
        "size": sum(choice.entry.size for choice in choices if choice.checked),
        "left_out": max(0, len(there.files) - MOST_ROWS),
    }


def _cards(run: Run, chosen: str) -> list[StorageCard]:
    """Return the storages as choices after "automatic", which is picked unless one is chosen."""
    try:
        found = upload_pages.cards(data.storages(run.user), data.usage(run.user), chosen)
    except PortalError:
        found = []  # the form says so, and the first with room may still be had
    automatic = StorageCard(
        "", _("the first disk with room"), "", disabled=False, checked=not chosen
    )
    others = [
        StorageCard(each.name, each.place, each.quota, each.disabled, each.name == chosen)
        for each in found
    ]
    return [automatic, *others]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file of a registration."""

    file: RegisteredFile
    reason: str


def registration(found: Registration) -> dict[str, Any]:
    """Return what the page of a run's registration shows."""
    run = found.the_run
    return registered(found) | {
        "run": run,
        "retry_url": reverse("reproducibility:register-retry", args=(run.pk, found.pk)),
        "session_url": session_links.of_run(run),
    }


def registered(found: Registration) -> dict[str, Any]:
    """Return how far a registration is, whatever it is of."""
    done = registering.progress(found)
    files = found.files.select_related("upload")[:MOST_ROWS]
    told = {"done": size(done["bytes_done"]), "total": size(done["bytes_total"])}
    return {
        "registration": found,
        "progress": done,
        "progress_text": _("%(done)s of %(total)s") % told,
        "files": [ShownFile(each, each.upload.reason if each.upload else "") for each in files],
        "metadata": found.metadata,
        "dataset_url": reverse("data_mgmt:did", kwargs={"did": found.dataset}),
    }
