"""Addresses of the pages."""

from django.urls import path

from sessions import views

app_name = "sessions"
urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/new", views.new, name="new"),
    path("sessions/<uuid:pk>", views.session, name="session"),
    path("sessions/<uuid:pk>/stop", views.stop, name="stop"),
    path("sessions/<uuid:pk>/retry", views.retry, name="retry"),
    path("sessions/<uuid:pk>/remove", views.remove, name="remove"),
]
