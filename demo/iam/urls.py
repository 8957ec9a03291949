"""The provider's addresses: the protocol's below the issuer, the pages at the root."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import include, path
from oauth2_provider.views import JwksInfoView, RevokeTokenView, UserInfoView

from demo.iam.discovery import openid_configuration
from demo.iam.pages import home
from demo.iam.password import second_factor, sign_in
from demo.iam.settings import CONFIGURATION
from demo.iam.views import Authorize, Logout, Token

_PREFIX = f"{urlsplit(CONFIGURATION.issuer).path.strip('/')}/".lstrip("/")
_PROTOCOL = [
    path(".well-known/openid-configuration", openid_configuration),
    path("authorize", Authorize.as_view(), name="authorize"),
    path("token", Token.as_view(), name="token"),
    path("userinfo", UserInfoView.as_view(), name="user-info"),
    path("jwks", JwksInfoView.as_view(), name="jwks-info"),
    path("revoke", RevokeTokenView.as_view(), name="revoke-token"),
    path("logout", Logout.as_view(), name="rp-initiated-logout"),
]

handler404 = "demo.iam.pages.not_found"
handler500 = "demo.iam.pages.failed"
urlpatterns = [
    path("", home, name="home"),
    path("login/", sign_in, name="login"),
    path("login/code", second_factor),
    path(_PREFIX, include((_PROTOCOL, "oauth2_provider"))),
]
