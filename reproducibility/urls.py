"""Addresses of the pages."""

from django.urls.resolvers import URLPattern

app_name = "reproducibility"
urlpatterns: list[URLPattern] = []
