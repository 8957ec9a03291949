"""The pages of storages: all of them with one's own use, and one in full."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import storage_pages
from data_mgmt.services import places


@require_GET
@signed_in
def listing(request: SignedInRequest) -> HttpResponseBase:
    """Show all storages."""
    found = places.storages_with_use(request.user)
    return render(request, "data_mgmt/storages.html", storage_pages.listing(found))


@require_GET
@signed_in
def one(request: SignedInRequest, storage: str) -> HttpResponseBase:
    """Show one storage."""
    view = places.storage_view(request.user, storage)
    return render(request, "data_mgmt/storage.html", storage_pages.one(view))
