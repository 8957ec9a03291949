"""Django's settings of a provider; all that differs between the two is in its configuration."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from demo.iam.configuration import read_configuration

CONFIGURATION = read_configuration(Path(os.environ["IAM_CONFIGURATION"]))
_DATABASE = urlsplit(CONFIGURATION.database_url)
_HERE = Path(__file__).parent

SECRET_KEY = CONFIGURATION.secret_key
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "demo.iam.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "demo.iam.apps.ProviderConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "demo.iam.edges.headers",
    "demo.iam.edges.refusals",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "demo.iam.pages.brand",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": _DATABASE.hostname,
        "PORT": _DATABASE.port,
        "NAME": _DATABASE.path.lstrip("/"),
        "USER": _DATABASE.username,
        "PASSWORD": _DATABASE.password,
        "CONN_HEALTH_CHECKS": True,  # the database may have been restarted in between
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 4, "timeout": 5}},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"

AUTH_USER_MODEL = "iam.Person"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["demo.iam.models.DemoHasher"]
LOGIN_URL = "login"

# Cookies ignore ports: each provider of each stack needs names of its own.
SESSION_COOKIE_NAME = f"{CONFIGURATION.cookie_prefix}_session"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_NAME = f"{CONFIGURATION.cookie_prefix}_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "demo.iam.pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# One process: what must not be tried too often is counted in its memory.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {  # the access log has the refusals
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}

OAUTH2_PROVIDER_GRANT_MODEL = "oauth2_provider.Grant"  # said aloud: our migrations refer to it


def _signing_key() -> str:
    path = Path(CONFIGURATION.key_file)
    return path.read_text() if path.exists() else ""  # absent only before the first load


SCOPES = ("openid", "profile", "email", "offline_access", *CONFIGURATION.scopes)
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": CONFIGURATION.issuer,
    "OIDC_RSA_PRIVATE_KEY": _signing_key(),
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
    # Tokens asked for offline access outlive the login; `logout` ends the others itself.
    "OIDC_RP_INITIATED_LOGOUT_DELETE_TOKENS": False,
    "OAUTH2_VALIDATOR_CLASS": "demo.iam.validator.ProviderValidator",
    "ACCESS_TOKEN_GENERATOR": "demo.iam.tokens.access_token",
    "REFRESH_TOKEN_GENERATOR": "demo.iam.tokens.refresh_token",
    "SCOPES": {scope: scope for scope in SCOPES},
    "DEFAULT_SCOPES": ["openid"],
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ID_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}
