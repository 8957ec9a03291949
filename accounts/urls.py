"""Addresses of the account pages."""

from django.urls import path

from accounts.oidc import CallbackView, StartView
from accounts.views import (
    audit,
    backchannel,
    browsers,
    checklist,
    people,
    profile,
    signing,
    stored_tokens,
    terms,
    tokens,
)

app_name = "accounts"
urlpatterns = [
    path("", profile.profile, name="profile"),
    path("login/", signing.login, name="login"),
    path("login/forget/", signing.forget, name="forget-choice"),
    path("login/<slug:slug>/", StartView.as_view(), name="start"),
    path("callback/<slug:slug>/", CallbackView.as_view(), name="callback"),
    path("backchannel/<slug:slug>/", backchannel.heard, name="backchannel"),
    path("logout/", signing.logout, name="logout"),
    path("signed-out/", signing.signed_out, name="signed-out"),
    path("terms/", terms.terms, name="terms"),
    path("privacy/", terms.privacy, name="privacy"),
    path("membership/", terms.membership, name="membership"),
    path("services/", checklist.checklist, name="checklist"),
    path("services/<slug:service>/repair/", checklist.repair, name="repair"),
    path("services/<slug:service>/token/", stored_tokens.keep, name="keep-token"),
    path("services/<slug:service>/token/remove/", stored_tokens.remove, name="remove-token"),
    path("identities/", profile.identities, name="identities"),
    path("identities/link/", profile.link, name="link"),
    path("identities/confirm/", profile.link_confirm, name="link-confirm"),
    path("identities/leave/", profile.link_leave, name="link-leave"),
    path("identities/<uuid:pk>/unlink/", profile.unlink, name="unlink"),
    path("browsers/", browsers.browsers, name="browsers"),
    path("browsers/everywhere/", browsers.end_all, name="end-all"),
    path("browsers/<uuid:pk>/end/", browsers.end, name="end-browser"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.make, name="make-token"),
    path("tokens/<uuid:pk>/revoke/", tokens.revoke, name="revoke-token"),
    path("data/", profile.data, name="data"),
    path("data/export/", profile.export, name="export"),
    path("data/delete/", profile.delete, name="delete"),
    path("data/keep/", profile.keep, name="keep"),
    path("people/", people.people_page, name="people"),
    path("people/<uuid:pk>/", people.person, name="person"),
    path("people/<uuid:pk>/suspend/", people.suspend, name="suspend"),
    path("people/<uuid:pk>/reinstate/", people.reinstate, name="reinstate"),
    path("audit/", audit.log, name="audit"),
    path("audit/export/", audit.export, name="audit-export"),
]
