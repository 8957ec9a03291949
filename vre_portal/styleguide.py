"""The living style page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in each state."""
    return render(request, "styleguide/styleguide.html")
