"""Addresses of the pages."""

from django.urls.resolvers import URLPattern

app_name = "data_mgmt"
urlpatterns: list[URLPattern] = []
