"""Addresses of the account pages."""

from django.urls import path

from accounts import views
from accounts.oidc import CallbackView, StartView

app_name = "accounts"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("login/<slug:slug>/", StartView.as_view(), name="start"),
    path("callback/<slug:slug>/", CallbackView.as_view(), name="callback"),
    path("logout/", views.logout, name="logout"),
    path("terms/", views.terms, name="terms"),
    path("services/", views.checklist, name="checklist"),
    path("services/<slug:service>/repair/", views.repair, name="repair"),
]
