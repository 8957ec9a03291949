"""Every address of the portal."""

from django.conf import settings
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from oauth2_provider import views as issuer_views

import accounts.admin_api
import accounts.api
import activity.api
import data_mgmt.api
import data_mgmt.approvals_api
import data_mgmt.changes_api
import data_mgmt.contents_api
import data_mgmt.describing_api
import data_mgmt.favourites_api
import data_mgmt.index_api
import data_mgmt.preview_api
import data_mgmt.quota_api
import data_mgmt.request_api
import data_mgmt.rules_api
import data_mgmt.subscriptions_api
import data_mgmt.uploads_api
import reproducibility.api
import sessions.api
from accounts.views import issuer as own_issuer
from vre_portal import health, views
from vre_portal.config import Stage

# Only what a satellite needs: no pages to register clients or list tokens.
issuer_patterns = (
    [
        path("authorize/", own_issuer.Authorize.as_view(), name="authorize"),
        path("token/", own_issuer.Token.as_view(), name="token"),
        path("revoke_token/", own_issuer.Revoke.as_view(), name="revoke-token"),
        path("userinfo/", issuer_views.UserInfoView.as_view(), name="user-info"),
        path(
            "device_authorization/",
            own_issuer.DeviceAuthorization.as_view(),
            name="device-authorization",
        ),
        path("device/", own_issuer.device_page, name="device"),
        path(
            ".well-known/openid-configuration",
            own_issuer.Discovery.as_view(),
            name="oidc-connect-discovery-info",
        ),
        path(".well-known/jwks.json", issuer_views.JwksInfoView.as_view(), name="jwks-info"),
    ],
    "oauth2_provider",
)

api_patterns = [
    *accounts.api.urlpatterns,
    *accounts.admin_api.urlpatterns,
    *activity.api.urlpatterns,
    *data_mgmt.changes_api.urlpatterns,
    *data_mgmt.contents_api.urlpatterns,
    *data_mgmt.preview_api.urlpatterns,
    *data_mgmt.describing_api.urlpatterns,
    *data_mgmt.api.urlpatterns,
    *data_mgmt.index_api.urlpatterns,
    *data_mgmt.favourites_api.urlpatterns,
    *data_mgmt.approvals_api.urlpatterns,
    *data_mgmt.quota_api.urlpatterns,
    *data_mgmt.request_api.urlpatterns,
    *data_mgmt.rules_api.urlpatterns,
    *data_mgmt.subscriptions_api.urlpatterns,
    *data_mgmt.uploads_api.urlpatterns,
    *sessions.api.urlpatterns,
    *reproducibility.api.urlpatterns,
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("accounts/", include("accounts.urls")),
    path("oauth/", include(issuer_patterns)),
    path("api/v1/", include((api_patterns, "api"))),
    path("api/docs/", views.api_docs, name="api-docs"),
    path("docs/errors", views.error_docs, name="error-docs"),
    path("", include("activity.urls")),
    path("", include("data_mgmt.urls")),
    path("", include("sessions.urls")),
    path("", include("reproducibility.urls")),
]

if settings.CONFIG.environment is not Stage.PRODUCTION:
    from vre_portal import styleguide

    urlpatterns.append(path("styleguide/", styleguide.styleguide, name="styleguide"))

handler400 = "vre_portal.views.bad_request"
handler404 = "vre_portal.views.not_found"
handler500 = "vre_portal.views.server_error"
