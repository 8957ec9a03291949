"""Addresses of the pages about notices."""

from django.urls import path

from activity import views

app_name = "activity"
HOOK = "inbox/preferences/webhook/"
urlpatterns = [
    path("inbox/preferences/", views.notice_preferences, name="preferences"),
    path(HOOK, views.save_webhook, name="webhook"),
    path(f"{HOOK}test/", views.test_webhook, name="webhook-test"),
    path(f"{HOOK}secret/", views.renew_secret, name="webhook-secret"),
    path(f"{HOOK}on/", views.switch_on, name="webhook-on"),
    path(f"{HOOK}remove/", views.remove_webhook, name="webhook-remove"),
]
