"""Parts of a DID's page that come on their own."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import did_contents, scope_pages
from data_mgmt.backends import Did


@require_GET
@signed_in
def branch(request: SignedInRequest) -> HttpResponseBase:
    """Show, as a fragment, what is in a collection of a tree, or more of it."""
    query = request.GET.dict()
    found = did_contents.branch(request.user, Did.parse(query.get("did", "")), query)
    more = query.get("after") and not found.get("problem")
    template = "data_mgmt/_nodes.html" if more else "data_mgmt/_branch.html"
    return render(request, template, found)


@require_GET
@signed_in
def scope_folders(request: SignedInRequest, scope: str) -> HttpResponseBase:
    """Show one folder of the names of a scope."""
    context = scope_pages.folders(request.user, scope, request.GET.dict())
    return render(request, "data_mgmt/scope_folders.html", context)
