"""Pages of analyses and runs."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from activity import services as activity
from data_mgmt.services import basket
from reproducibility import (
    capture_pages,
    deposit_pages,
    kept_answers,
    log_pages,
    presenting,
    services,
    session_links,
    verdict_pages,
)
from reproducibility.forms import LIST, VariationForm
from reproducibility.models import RecordedOutput, Run, RunOutput
from reproducibility.services import live_logs, preflight
from reproducibility.services.campaigns import making
from reproducibility.services.captures import starting
from reproducibility.services.outputs import content_of
from reproducibility.services.runs import TOPIC
from vre_portal.errors import Forbidden, InvalidRequest
from vre_portal.paging import page

#: The longest text that is looked for in logs.
MOST_LETTERS = 200
#: What a browser may show itself; everything else is saved.
SHOWN = {
    ".png": "image/png",
    ".csv": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}


@require_GET
@signed_in
def analyses(request: SignedInRequest) -> HttpResponseBase:
    """Show the analyses that one may reproduce, with one's last verdict on each."""
    rows, following = page(services.visible_analyses(request.user).with_parts(), request)
    mine = Run.objects.visible_to(request.user).filter(analysis__in=rows)
    context = {
        "analyses": presenting.with_last_run(rows, mine),
        "next": following,
        "from_basket": request.GET.get("from") == "basket",
        "drafts": [capture_pages.draft_of(each) for each in starting.drafts(request.user)],
    }
    return render(request, "reproducibility/analyses.html", context)


@require_GET
@signed_in
def analysis(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show one analysis: what it needs, what it does, what it gave."""
    found = services.find_analysis(request.user, slug)
    runs = Run.objects.visible_to(request.user).filter(analysis=found).listed()[:10]
    context = {
        "analysis": found,
        "parts": presenting.parts_of(found.newest),
        "outputs": presenting.recorded_of(found.newest),
        "hidden": presenting.hidden_version(request.user, found),
        "runs": [presenting.shown(run) for run in runs],
        "session_url": session_links.of_analysis(found),
        "deposits": deposit_pages.of_analysis(request.user, found),
        "campaigns": making.shown_of(found),
    }
    return render(request, "reproducibility/analysis.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def reproduce(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show what a reproduction will take, and start it."""
    found = services.find_analysis(request.user, slug)
    version = services.find_version(request.user, found, request.GET.get("version", ""))
    if request.method == "POST":
        run = services.start_run(request.user, found, version=version)
        return redirect("reproducibility:run", run_id=run.pk)
    usual = services.usual_seconds(found)
    looked = preflight.look(request.user, version, seconds=usual, others={})
    context = {
        "analysis": found,
        "version": version,
        "parts": presenting.parts_of(version),
        "preflight": looked,
        "checks": [looked.service, looked.environment, looked.room],
        "last": presenting.last_of(Run.objects.visible_to(request.user), version),
    }
    return render(request, "reproducibility/reproduce.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def variation(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show the form that runs it with other data or parameters, as its address says; start it."""
    found = services.find_analysis(request.user, slug)
    version = services.find_version(request.user, found, request.GET.get("version", ""))
    picked = [str(item.did) for item in basket.contents(request.user).order_by("created_at", "id")]
    offered = request.GET.dict()
    if request.GET.get("from") == "basket":
        offered = {f"input-{n}": did for n, did in enumerate(picked, 1)}
    form = VariationForm(version, request.POST if request.method == "POST" else None, offered)
    status = InvalidRequest.status
    if form.is_valid():
        try:
            run = services.start_run(
                request.user,
                found,
                parameters=form.values(),
                inputs=form.inputs(),
                version=version,
            )
        except InvalidRequest as exc:
            form.refuse(exc.field or "", exc.message)
        except Forbidden as exc:  # something is under an embargo
            form.refuse("", exc.message)
            status = exc.status
        else:
            return redirect("reproducibility:run", run_id=run.pk)
    context = {"analysis": found, "form": form, "picked": picked, "list": LIST, "version": version}
    return render(
        request, "reproducibility/variation.html", context, status=status if form.errors else 200
    )


@require_GET
@signed_in
def runs(request: SignedInRequest) -> HttpResponseBase:
    """Show one's runs, newest first."""
    mine = Run.objects.visible_to(request.user).listed()
    rows, following = page(mine, request)
    shown = [presenting.shown(run) for run in rows]
    topics = " ".join(f"{TOPIC}:{run.pk}" for run in rows if run.active)
    context = {"runs": shown, "next": following, "topics": topics}
    fragment = request.GET.get("fragment") == "rows"
    return render(request, f"reproducibility/{'_runs' if fragment else 'runs'}.html", context)


@require_GET
@signed_in
def run(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Show one run: its steps and logs while it goes on, then its verdict."""
    found = services.find_run(request.user, run_id)
    outputs = presenting.outputs_of(found)
    view = presenting.shown(found)
    looked_for = request.GET.get("find", "")[:MOST_LETTERS].strip()
    logs = presenting.logs_of(live_logs.last(found))
    context = {
        "run": found,
        "view": view,
        "drawing": presenting.drawing_of(found, view.steps),
        "find": looked_for,
        "outputs": outputs,
        "pictures": [output for output in outputs if output.is_picture],
        "logs": presenting.found_in(logs, looked_for),
        "inputs_note": presenting.inputs_note(found),
        "usual": services.usual_seconds(found.analysis) if found.active else None,
        "differences": verdict_pages.of_run(found),
        "variation_url": presenting.variation_of(found),
        "session_url": session_links.of_run(found),
        "events": presenting.lines_of(found, activity.timeline(request.user, (TOPIC, found.pk))),
    }
    fragment = request.GET.get("fragment") == "body"
    return render(request, f"reproducibility/{'_run' if fragment else 'run'}.html", context)


@require_POST
@signed_in
def stop(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Ask a run to stop."""
    services.stop_run(request.user, run_id)
    messages.info(request, _("The run is being stopped."))
    return redirect("reproducibility:run", run_id=run_id)


@require_POST
@signed_in
def again(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Start the same once more."""
    return redirect("reproducibility:run", run_id=services.again(request.user, run_id).pk)


@require_GET
@signed_in
def log(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Give all that a run said, as a text to keep."""
    found = services.find_run(request.user, run_id)
    said = "\n".join(
        f"# {one.step}\n{one.text}" for one in presenting.logs_of(live_logs.last(found))
    )
    answer = HttpResponse(said, content_type="text/plain; charset=utf-8")
    name = f"{found.analysis.slug}-run-{found.number}.log"
    answer["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer


@require_GET
@signed_in
def live_log(request: SignedInRequest, run_id: UUID) -> HttpResponseBase:
    """Give what the steps said since a page read it last: `seen` is `key:characters`, each."""
    found = services.find_run(request.user, run_id)
    pairs = (each.rpartition(":") for each in request.GET.getlist("seen"))
    seen = {key: int(count) for key, _colon, count in pairs if count.isdecimal()}
    logs = [
        log_pages.since(log, seen.get(log.key, 0))
        for log in presenting.logs_of(live_logs.read(found))
    ]
    return JsonResponse({"state": found.state, "logs": logs})


@require_GET
@signed_in
def recorded_output(request: SignedInRequest, slug: str, path: str) -> HttpResponseBase:
    """Give a recorded output."""
    found = services.find_analysis(request.user, slug)
    version = services.find_version(request.user, found, request.GET.get("version", ""))
    return _file(request, services.recorded_output(version, path))


@require_GET
@signed_in
def run_output(request: SignedInRequest, run_id: UUID, path: str) -> HttpResponseBase:
    """Give an output of a run."""
    found = services.find_run(request.user, run_id)
    return _file(request, services.run_output(found, path))


def _file(request: SignedInRequest, output: RecordedOutput | RunOutput) -> HttpResponseBase:
    name = PurePosixPath(output.path)
    kind = SHOWN.get(name.suffix)
    answer = kept_answers.answer(request, content_of(output), output.size)
    answer["Content-Type"] = kind or "application/octet-stream"
    answer["Content-Disposition"] = content_disposition_header(kind is None, name.name) or ""
    answer["Cache-Control"] = "private, no-cache"
    etag = f'"{output.sha256}"'
    answer["ETag"] = etag
    # It looks at nothing but status and headers, which every kind of answer has.
    checked = get_conditional_response(request, etag=etag, response=cast("HttpResponse", answer))
    return checked or answer
