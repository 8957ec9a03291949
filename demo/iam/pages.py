"""The few pages around the password page, and what all pages know of the provider."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from demo.iam.settings import CONFIGURATION


def brand(_request: HttpRequest) -> dict[str, object]:
    """Return who the page is from, as a context processor."""
    return {
        "slug": CONFIGURATION.slug,
        "federation": CONFIGURATION.title,
        "institute": CONFIGURATION.institute,
    }


def home(request: HttpRequest) -> HttpResponse:
    """Say who is signed in, and offer to sign out."""
    return render(request, "iam/home.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Explain a form that came without its cookie."""
    problem = "The page was open for too long, or the browser refuses cookies. Go back, reload it."
    return render(request, "iam/refused.html", {"problem": problem, "detail": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page."""
    return render(request, "iam/refused.html", {"problem": "There is no such page."}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Own up to a fault of the provider, with a page like the others."""
    problem = "The provider itself failed. Its log says why: python3 -m demo logs"
    shown = {"problem": f"{problem} iam-{CONFIGURATION.slug}"}
    return render(request, "iam/refused.html", shown, status=500)
