"""Addresses of the data pages."""

from django.urls import path, register_converter

from data_mgmt import views
from data_mgmt.converters import DidConverter

register_converter(DidConverter, "did")

app_name = "data_mgmt"
urlpatterns = [
    path("data/", views.browse, name="browse"),
    path("data/estimate", views.estimate, name="estimate"),
    path("data/requests/", views.requests, name="requests"),
    path("data/requests/<uuid:pk>/", views.request_page, name="request"),
    path("data/requests/<uuid:pk>/state", views.request_state, name="request-state"),
    path("data/requests/<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("data/requests/<uuid:pk>/retry", views.retry, name="retry"),
    path("data/<did:did>", views.did_page, name="did"),
]
