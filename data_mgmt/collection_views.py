"""Where collections are made, filled, closed, put under embargo and erased."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from activity.services import timeline
from data_mgmt import collection_pages, services
from data_mgmt.backends import Did
from data_mgmt.collection_forms import (
    DamageForm,
    EmbargoForm,
    EraseForm,
    ListForm,
    MakeForm,
    Refusing,
)
from data_mgmt.collection_pages import Forms
from data_mgmt.models_groups import CollectionChange
from data_mgmt.services import acting, collecting, damage, marking
from vre_portal.errors import Conflict, InvalidRequest
from vre_portal.paging import page

PAGE = "data_mgmt/manage.html"


@require_GET
@signed_in
def manage(request: SignedInRequest) -> HttpResponseBase:
    """Show what can be done with a DID."""
    did = Did.parse(request.GET.get("did", ""))
    forms = Forms()
    if request.GET.get("from") == "basket":
        dids = "\n".join(str(item.did) for item in services.basket.contents(request.user))
        forms = Forms(put=ListForm(prefix="put", initial={"dids": dids}))
    return render(request, PAGE, collection_pages.manage(request.user, did, forms))


@require_http_methods(["GET", "POST"])
@signed_in
def make(request: SignedInRequest) -> HttpResponseBase:
    """Show the form of a new dataset or container, or have it made."""
    scopes = acting.writable_scopes(request.user)
    if request.method == "GET":
        form = MakeForm(scopes=scopes, initial=_first(request))
        return render(request, "data_mgmt/make.html", {"form": form})
    form = MakeForm(request.POST, scopes=scopes)
    if form.is_valid():
        title = form.cleaned_data["title"]
        try:
            change = collecting.make(
                request.user,
                form.did(),
                form.kind(),
                children=form.cleaned_data["dids"],
                metadata={"title": title} if title else {},
            )
        except (InvalidRequest, Conflict) as exc:
            form.refuse(exc)
            return render(request, "data_mgmt/make.html", {"form": form}, status=exc.status)
        return redirect("data_mgmt:change", pk=change.pk)
    return render(request, "data_mgmt/make.html", {"form": form}, status=InvalidRequest.status)


def _first(request: SignedInRequest) -> dict[str, str]:
    """Return what the address puts into the form: the basket, or DIDs of a list."""
    dids = request.GET.getlist("did")
    kind = request.GET.get("type", "dataset")
    if request.GET.get("from") == "basket":
        items = [*services.basket.contents(request.user)]
        dids = [str(item.did) for item in items]
        kind = "dataset" if all(item.did_type == "file" for item in items) else "container"
    return {"dids": "\n".join(dids), "type": kind}


@require_POST
@signed_in
def attach(request: SignedInRequest) -> HttpResponseBase:
    """Have DIDs put into a collection."""
    form = ListForm(request.POST, prefix="put")
    return _listed(request, form, Forms(put=form), collecting.attach)


@require_POST
@signed_in
def detach(request: SignedInRequest) -> HttpResponseBase:
    """Have DIDs taken out of a collection."""
    form = ListForm(request.POST, prefix="take")
    return _listed(request, form, Forms(take=form), collecting.detach)


def _listed(
    request: SignedInRequest,
    form: ListForm,
    forms: Forms,
    action: Callable[..., CollectionChange],
) -> HttpResponseBase:
    did = _did(request)
    if form.is_valid():
        dids = form.cleaned_data["dids"]
        return _changed(request, did, form, forms, lambda: action(request.user, did, dids))
    return _again(request, did, forms, InvalidRequest.status)


@require_POST
@signed_in
def close(request: SignedInRequest) -> HttpResponseBase:
    """Have a collection closed."""
    return _opened(request, is_open=False)


@require_POST
@signed_in
def reopen(request: SignedInRequest) -> HttpResponseBase:
    """Have a collection opened again."""
    return _opened(request, is_open=True)


def _opened(request: SignedInRequest, *, is_open: bool) -> HttpResponseBase:
    did = _did(request)
    return _or_told(request, did, lambda: collecting.set_open(request.user, did, is_open=is_open))


@require_POST
@signed_in
def erase(request: SignedInRequest) -> HttpResponseBase:
    """Have a collection erased after the time of grace."""
    did, form = _did(request), EraseForm(request.POST)
    forms = Forms(erase=form)
    if not form.is_valid():
        return _again(request, did, forms, InvalidRequest.status)
    typed = form.cleaned_data["typed"]
    do = lambda: collecting.erase(request.user, did, typed=typed)  # noqa: E731 - one call for all
    return _changed(request, did, form, forms, do)


@require_POST
@signed_in
def keep(request: SignedInRequest) -> HttpResponseBase:
    """Take back that a collection is to be erased."""
    did = _did(request)
    return _or_told(request, did, lambda: collecting.keep(request.user, did))


@require_POST
@signed_in
def declare_bad(request: SignedInRequest) -> HttpResponseBase:
    """Have a copy of a file declared bad."""
    did = _did(request)
    form = DamageForm(request.POST, storages=damage.storages_of(request.user, did))
    forms = Forms(damage=form)
    if not form.is_valid():
        return _again(request, did, forms, InvalidRequest.status)
    wish = form.cleaned_data
    return _changed(
        request, did, form, forms, lambda: damage.declare_bad(request.user, did, **wish)
    )


@require_POST
@signed_in
def set_embargo(request: SignedInRequest) -> HttpResponseBase:
    """Keep the contents of a DID for a group until a day."""
    did = _did(request)
    form = EmbargoForm(request.POST, groups=sorted(request.user.groups))
    if not form.is_valid():
        return _again(request, did, Forms(embargo=form), InvalidRequest.status)
    try:
        marking.set_embargo(request.user, did, **form.cleaned_data)
    except (InvalidRequest, Conflict) as exc:
        form.refuse(exc)
        return _again(request, did, Forms(embargo=form), exc.status)
    messages.success(request, _("Rucio is told the embargo; the history of the metadata keeps it."))
    return redirect("data_mgmt:did", did=did)


@require_POST
@signed_in
def lift_embargo(request: SignedInRequest) -> HttpResponseBase:
    """Open what is under an embargo before its time."""
    did = _did(request)
    try:
        marking.lift_embargo(request.user, did, sure=request.POST.get("sure") == "yes")
    except (InvalidRequest, Conflict) as exc:
        messages.warning(request, exc.message)
        return redirect(_manage_url(did))
    messages.success(request, _("Rucio is told; it is open as soon as that is written."))
    return redirect("data_mgmt:did", did=did)


@require_GET
@signed_in
def changes(request: SignedInRequest) -> HttpResponseBase:
    """Show the changes of collections that the user, or a group of theirs, asked for."""
    mine = CollectionChange.objects.visible_to(request.user).select_related("user")
    found, more = page(mine, request)
    context = {"rows": collection_pages.rows(found), "next": more}
    return render(request, "data_mgmt/changes.html", context)


@require_GET
@signed_in
def change(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a change and how far it is; as a fragment, what of it changes."""
    found = collecting.find(request.user, pk)
    events = timeline(request.user, (collecting.TOPIC, found.pk))[:30]
    context = collection_pages.change_page(request.user, found, events)
    template = "data_mgmt/_change.html" if "fragment" in request.GET else "data_mgmt/change.html"
    return render(request, template, context)


def _changed(
    request: SignedInRequest,
    did: Did,
    form: Refusing,
    forms: Forms,
    do: Callable[[], CollectionChange],
) -> HttpResponseBase:
    """Begin a change and show it, or show the form with what is wrong."""
    try:
        made = do()
    except (InvalidRequest, Conflict) as exc:
        form.refuse(exc)
        return _again(request, did, forms, exc.status)
    return redirect("data_mgmt:change", pk=made.pk)


def _or_told(
    request: SignedInRequest, did: Did, do: Callable[[], CollectionChange]
) -> HttpResponseBase:
    """Begin a change and show it, or say why there is none."""
    try:
        made = do()
    except (InvalidRequest, Conflict) as exc:
        messages.warning(request, exc.message)
        return redirect(_manage_url(did))
    return redirect("data_mgmt:change", pk=made.pk)


def _again(request: SignedInRequest, did: Did, forms: Forms, status: int) -> HttpResponseBase:
    context = collection_pages.manage(request.user, did, forms)
    return render(request, PAGE, context, status=status)


def _did(request: SignedInRequest) -> Did:
    return Did.parse(request.POST.get("did", ""))


def _manage_url(did: Did) -> str:
    return f"{reverse('data_mgmt:manage')}?{urlencode({'did': did})}"
