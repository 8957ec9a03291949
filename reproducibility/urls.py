"""Addresses of the pages of analyses and runs."""

from django.urls import path

from reproducibility import (
    campaign_dataset_views,
    campaign_outcome_views,
    campaign_views,
    capture_views,
    compare_views,
    deposit_views,
    files_views,
    keeping_views,
    landing_views,
    owner_views,
    verdict_views,
    views,
)

app_name = "reproducibility"
urlpatterns = [
    *campaign_views.urlpatterns,
    *campaign_dataset_views.urlpatterns,
    *campaign_outcome_views.urlpatterns,
    *capture_views.urlpatterns,
    *owner_views.urlpatterns,
    *files_views.urlpatterns,
    *keeping_views.urlpatterns,
    *compare_views.urlpatterns,
    *deposit_views.urlpatterns,
    *landing_views.urlpatterns,
    path("analyses/", views.analyses, name="analyses"),
    path("analyses/<slug:slug>", views.analysis, name="analysis"),
    path("analyses/<slug:slug>/reproduce", views.reproduce, name="reproduce"),
    path("analyses/<slug:slug>/variation", views.variation, name="variation"),
    path("analyses/<slug:slug>/outputs/<path:path>", views.recorded_output, name="recorded"),
    path("analyses/<slug:slug>/verification", verdict_views.schedule, name="schedule"),
    path("verdicts/<uuid:pk>", verdict_views.verdict, name="verdict"),
    path("verdicts/<uuid:pk>/statement.json", verdict_views.statement, name="verdict-statement"),
    path("verdicts/<uuid:pk>/statement.sig", verdict_views.signature, name="verdict-signature"),
    path(".well-known/vre-verdict-keys.json", verdict_views.keys, name="verdict-keys"),
    path(".well-known/vre-verdict-key.pem", verdict_views.key, name="verdict-key"),
    path("runs/", views.runs, name="runs"),
    path("runs/<uuid:run_id>", views.run, name="run"),
    path("runs/<uuid:run_id>/stop", views.stop, name="stop"),
    path("runs/<uuid:run_id>/again", views.again, name="again"),
    path("runs/<uuid:run_id>/log", views.log, name="log"),
    path("runs/<uuid:run_id>/log/live", views.live_log, name="live-log"),
    path("runs/<uuid:run_id>/outputs/<path:path>", views.run_output, name="output"),
]
