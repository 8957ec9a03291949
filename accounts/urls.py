"""Addresses of the account pages."""

from django.urls import path

from accounts.oidc import CallbackView, StartView
from accounts.views import checklist, signing, terms

app_name = "accounts"
urlpatterns = [
    path("login/", signing.login, name="login"),
    path("login/<slug:slug>/", StartView.as_view(), name="start"),
    path("callback/<slug:slug>/", CallbackView.as_view(), name="callback"),
    path("logout/", signing.logout, name="logout"),
    path("terms/", terms.terms, name="terms"),
    path("services/", checklist.checklist, name="checklist"),
    path("services/<slug:service>/repair/", checklist.repair, name="repair"),
]
