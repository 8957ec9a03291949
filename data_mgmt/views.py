"""The data pages: find, look, ask for copies, watch them arrive."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import did_parts, replicate_views, request_views, services
from data_mgmt.backends import Did
from data_mgmt.did_shapes import Asked
from data_mgmt.services import harvest

PAGE = "data_mgmt/did.html"


@require_GET
@signed_in
def did_page(request: SignedInRequest, did: Did) -> HttpResponseBase:
    """Show a file, dataset or container."""
    asked = Asked.of(request.user, did, request.GET.dict())
    services.opened(request.user, asked.did)
    harvest.refresh_soon([asked.did])
    context = did_parts.page(asked)
    fragment = request.GET.get("fragment") == context["tab"]
    template = context["tab_template"] if fragment else PAGE
    return render(request, template, context | {"fragment": fragment})


@require_http_methods(["GET", "POST"])
@signed_in
def requests(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's requests, or take a new one."""
    if request.method == "POST":
        return replicate_views.ask(request)
    return request_views.listing(request)
