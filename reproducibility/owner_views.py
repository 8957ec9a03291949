"""Pages on which the owner of an analysis describes, proves, publishes and deletes it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility.capture_forms import DescriptionForm
from reproducibility.models import Analysis
from reproducibility.services.analyses import find_analysis
from reproducibility.services.captures import publishing, saving
from reproducibility.services.landing.switch import set_open
from reproducibility.services.proofs import capture_of
from vre_portal.errors import InvalidRequest, PortalError


def _back(analysis: Analysis) -> HttpResponseBase:
    """Return to the capture where there is one: its page tells of the proof."""
    capture = capture_of(analysis.latest)
    if capture is not None and capture.user_id == analysis.owner_id:
        return redirect("reproducibility:capture", pk=capture.pk)
    return redirect("reproducibility:analysis", slug=analysis.slug)


def _done(request: SignedInRequest, act: Callable[[], object], words: str) -> bool:
    """Do something, and have the next page say what became of it; whether it was done."""
    try:
        act()
    except PortalError as exc:
        if exc.retryable:
            raise
        messages.error(request, exc.message)
        return False
    messages.success(request, words)
    return True


def _told(
    request: SignedInRequest, analysis: Analysis, act: Callable[[], object], done: str
) -> HttpResponseBase:
    """Do something, and say on the page behind it what became of it."""
    _done(request, act, done)
    return _back(find_analysis(request.user, analysis.slug))


@require_POST
@signed_in
def publish(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show an analysis to everybody."""
    analysis = publishing.own(request.user, slug)
    done = _("%s is published: everybody can reproduce it.") % analysis.title
    return _told(request, analysis, lambda: publishing.publish(request.user, slug), done)


@require_POST
@signed_in
def withdraw(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show an analysis to its owner alone."""
    analysis = publishing.own(request.user, slug)
    done = _("%s is yours alone again.") % analysis.title
    return _told(request, analysis, lambda: publishing.withdraw(request.user, slug), done)


@require_POST
@signed_in
def landing(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Open the public page of an analysis to readers without an account, or close it."""
    analysis, is_open = publishing.own(request.user, slug), request.POST.get("open") == "yes"
    done = _("The public page is open to everybody.") if is_open else _("The page is closed.")
    _done(request, lambda: set_open(request.user, slug, is_open=is_open), done)
    return redirect("reproducibility:analysis", slug=analysis.slug)


@require_POST
@signed_in
def prove(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Prove the version that was saved last again."""
    analysis = publishing.own(request.user, slug)
    done = _("The proof has begun.")
    return _told(request, analysis, lambda: saving.prove(request.user, analysis.latest), done)


@require_POST
@signed_in
def add(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Add a file that the proof missed, and prove the new version."""
    analysis, wanted = publishing.own(request.user, slug), request.POST.get("path", "")
    done = _("%s is an input now. The proof has begun again.") % wanted
    return _told(
        request, analysis, lambda: publishing.add_undeclared(request.user, slug, wanted), done
    )


@require_POST
@signed_in
def delete(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Delete an analysis that is not published."""
    analysis = publishing.own(request.user, slug)
    done = _("%s is deleted.") % analysis.title
    if not _done(request, lambda: publishing.delete(request.user, slug), done):
        return _back(analysis)
    return redirect("reproducibility:analyses")


@require_http_methods(["GET", "POST"])
@signed_in
def describe(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show title, summary, licence and authors to be changed, and change them."""
    analysis = publishing.own(request.user, slug)
    posted = request.method == "POST"
    initial = DescriptionForm.entered(analysis)
    form = DescriptionForm(request.POST if posted else None, initial=initial, label_suffix="")
    if form.is_valid():
        try:
            publishing.describe(request.user, slug, **form.description())
        except InvalidRequest as exc:
            form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        else:
            messages.success(request, _("Changed."))
            return redirect("reproducibility:analysis", slug=slug)
    context = {"analysis": analysis, "form": form}
    status = InvalidRequest.status if form.errors else 200
    return render(request, "reproducibility/capture_describe.html", context, status=status)


@require_GET
@signed_in
def versions(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show the versions of an analysis, each beside the one before it."""
    analysis = find_analysis(request.user, slug)
    context = {
        "analysis": analysis,
        "changes": publishing.history(request.user, analysis),
        "mine": analysis.owner_id == request.user.pk,
        "why_not_published": publishing.why_not_published(analysis),
    }
    return render(request, "reproducibility/capture_versions.html", context)


urlpatterns = [
    path("analyses/<slug:slug>/versions", versions, name="versions"),
    path("analyses/<slug:slug>/describe", describe, name="describe"),
    path("analyses/<slug:slug>/publish", publish, name="publish"),
    path("analyses/<slug:slug>/withdraw", withdraw, name="withdraw"),
    path("analyses/<slug:slug>/landing", landing, name="landing"),
    path("analyses/<slug:slug>/prove", prove, name="prove"),
    path("analyses/<slug:slug>/add-input", add, name="add-input"),
    path("analyses/<slug:slug>/delete", delete, name="delete"),
]
