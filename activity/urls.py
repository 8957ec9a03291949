"""Addresses of the pages about notices."""

from django.urls import path

from activity import views

app_name = "activity"
urlpatterns = [path("inbox/preferences/", views.mail_preferences, name="preferences")]
