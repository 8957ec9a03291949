"""The gallery: every environment, what is in it, and what is free now."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.decorators import SignedInRequest, acts_as_operator, signed_in
from sessions import environment_words as words
from sessions import gallery
from sessions.environments import EnvironmentsInvalid
from sessions.services import capacity

MOST_QUERY = 100


@require_GET
@signed_in
def environments(request: SignedInRequest) -> HttpResponse:
    """Show the environments that hold what is looked for; operators see what is wrong with them."""
    query = request.GET.get("q", "").strip()[:MOST_QUERY]
    try:
        room = capacity.room(request.user)
        cards = gallery.cards(request.user, room, query=query)
    except EnvironmentsInvalid as exc:
        if not acts_as_operator(request):
            raise
        context = {"faults": "\n".join(exc.faults), "query": query}
        return render(request, "sessions/environments.html", context, status=exc.status)
    found = {"cards": cards, "query": query, "room": room, "taken": words.taken(room)}
    return render(request, "sessions/environments.html", found)
