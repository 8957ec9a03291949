"""Addresses of the pages."""

from django.urls import path

from sessions import (
    build_views,
    card_views,
    files_views,
    gallery_views,
    handover_views,
    launch_views,
    sharing_views,
    views,
)

app_name = "sessions"
urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/new", views.new, name="new"),
    path("sessions/environments/", gallery_views.environments, name="environments"),
    path("sessions/launch", launch_views.launch_default, name="launch-default"),
    path("sessions/again", launch_views.launch_last, name="launch-last"),
    path("sessions/badge.svg", launch_views.badge, name="badge"),
    path("sessions/<uuid:pk>/data", launch_views.data, name="data"),
    path("sessions/<uuid:pk>/bring", launch_views.bring, name="bring"),
    path("sessions/<uuid:pk>/repository", launch_views.repository, name="repository"),
    path("sessions/<uuid:pk>", views.session, name="session"),
    path("sessions/<uuid:pk>/stop", views.stop, name="stop"),
    path("sessions/ending", card_views.ending, name="ending"),
    path("sessions/<uuid:pk>/extend", card_views.extend, name="extend"),
    path("sessions/<uuid:pk>/rename", card_views.rename, name="rename"),
    path("sessions/<uuid:pk>/keep-alive", card_views.keep_alive, name="keep-alive"),
    path("sessions/<uuid:pk>/restart", card_views.restart, name="restart"),
    path("sessions/<uuid:pk>/retry", views.retry, name="retry"),
    path("sessions/<uuid:pk>/remove", views.remove, name="remove"),
    *build_views.urlpatterns,
    *sharing_views.urlpatterns,
    *handover_views.urlpatterns,
    *files_views.urlpatterns,
]
