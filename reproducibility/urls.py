"""Addresses of the pages of analyses and runs."""

from django.urls import path

from reproducibility import views

app_name = "reproducibility"
urlpatterns = [
    path("analyses/", views.analyses, name="analyses"),
    path("analyses/<slug:slug>", views.analysis, name="analysis"),
    path("analyses/<slug:slug>/reproduce", views.reproduce, name="reproduce"),
    path("analyses/<slug:slug>/variation", views.variation, name="variation"),
    path("analyses/<slug:slug>/outputs/<path:path>", views.recorded_output, name="recorded"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:run_id>", views.run, name="run"),
    path("runs/<uuid:run_id>/stop", views.stop, name="stop"),
    path("runs/<uuid:run_id>/again", views.again, name="again"),
    path("runs/<uuid:run_id>/log", views.log, name="log"),
    path("runs/<uuid:run_id>/outputs/<path:path>", views.run_output, name="output"),
]
