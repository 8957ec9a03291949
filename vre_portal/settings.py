"""Django's names for the portal's settings; values come from `vre_portal.config`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from vre_portal.config import Stage, get_config

CONFIG = get_config()
BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = CONFIG.secret_key.get_secret_value()
DEBUG = CONFIG.debug
ALLOWED_HOSTS = [CONFIG.host, *(["testserver"] if CONFIG.environment is Stage.TEST else [])]
CSRF_TRUSTED_ORIGINS = [CONFIG.public_url]
ROOT_URLCONF = "vre_portal.urls"
WSGI_APPLICATION = "vre_portal.wsgi.application"
ASGI_APPLICATION = "vre_portal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
CSRF_FAILURE_VIEW = "vre_portal.views.csrf_failure"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "oauth2_provider",
    "csp",
    "vre_portal.apps.PortalApp",
    "accounts.apps.AccountsApp",
    "activity.apps.ActivityApp",
    "data_mgmt.apps.DataApp",
    "sessions.apps.SessionsApp",
    "reproducibility.apps.ReproducibilityApp",
]

MIDDLEWARE = [
    "vre_portal.middleware.RequestIdMiddleware",
    # Outside everything that may answer, so that errors and static files have them too.
    "vre_portal.middleware.HeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "vre_portal.middleware.BodyLimitMiddleware",
    "vre_portal.middleware.NoNulMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "vre_portal.error_mapping.ProblemPageMiddleware",
    "accounts.middleware.GateMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["vre_portal.templatetags.portal"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vre_portal.context.portal",
            ],
        },
    }
]

_database = urlsplit(CONFIG.database_url.get_secret_value())
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/"),
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "HOST": _database.hostname or "",
        "PORT": str(_database.port or ""),
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": CONFIG.database_pool_size, "timeout": 10},
            "application_name": "vre-portal",
        },
    }
}

_valkey = CONFIG.valkey_url.get_secret_value()
# The client's own retries take many seconds; a cache that is down is a miss, at once.
_at_once = {"socket_connect_timeout": 1, "socket_timeout": 2}
CACHES = {
    "default": {
        "BACKEND": "vre_portal.caching.MissingWhenDown",
        "LOCATION": _valkey,
        "OPTIONS": {**_at_once, "retry": Retry(NoBackoff(), 1)},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "vre_portal.channel_layer.ChannelLayer",
        "CONFIG": {
            # A quiet socket waits 5 s for a message, as long as the client waits for an answer; and
            # a change that 500 pages hear of needs more than the client's 100 connections.
            "hosts": [
                {
                    "address": _valkey,
                    "retry": AsyncRetry(NoBackoff(), 1),
                    "socket_timeout": 20,
                    "max_connections": 2000,
                }
            ],
            "prefix": f"live{CONFIG.cookie_suffix}",
            # All sockets of a process wait in one list: what is more than this is thrown away.
            "capacity": 10_000,
        },
    }
}

CELERY_BROKER_URL = _valkey
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "global_keyprefix": "work:",
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

AUTHENTICATION_BACKENDS = ["accounts.oidc.FederatedBackend"]
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = map(CONFIG.cookie_name, ("session", "csrf"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.is_https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Scripts find the CSRF token in the forms, which hold it for browsers without scripts anyway.
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
# The usual one would keep them in a cookie of its own.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = CONFIG.session_hours * 3600
SECURE_HSTS_SECONDS = 31536000 if CONFIG.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# A place in the browsers' list outlives the site and binds the whole domain: its owner decides.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_SSL_REDIRECT = CONFIG.is_https
# The same as in vre_portal.headers, where answers that are not Django's have them from.
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if CONFIG.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, CONFIG.public_url.replace("http", "ws", 1)],
        "form-action": [SELF, *CONFIG.form_targets],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

_mail = CONFIG.mail_server
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail else 'dummy'}.EmailBackend"
if _mail:
    EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+starttls"
    DEFAULT_FROM_EMAIL = CONFIG.mail_from
EMAIL_TIMEOUT = CONFIG.upstream_timeout

LANGUAGE_CODE = CONFIG.default_language
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "locale"]
STATIC_URL = "/static/"
# Elsewhere the files are found where they lie, and nothing has to be collected.
STATIC_ROOT = BASE_DIR / "staticfiles" if CONFIG.environment is Stage.PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = CONFIG.environment is not Stage.PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.MayUse"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "vre_portal.error_mapping.problem_response",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Research portal API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "DEFAULT_GENERATOR_CLASS": "drf_spectacular.generators.SchemaGenerator",
    # One closed set, named once, wherever it stands.
    "ENUM_NAME_OVERRIDES": {
        "DidTypeEnum": "data_mgmt.subscription_forms.TYPES",
        "EventLevelEnum": "activity.models.Level",
        "ShareLevelEnum": "sessions.models_sharing.Level",
        "RunKindEnum": "reproducibility.models.Kind",
        "CaptureSourceEnum": "reproducibility.models.Source",
        "ComparisonStateEnum": "reproducibility.models.ComparisonState",
        "RegistrationStateEnum": "reproducibility.models.RegistrationState",
        "SecretKindEnum": "reproducibility.keeping_serializers.SECRET_KINDS",
        "WebhookStateEnum": "activity.serializers.STATES",
    },
}

# mozilla-django-oidc asks for these at import; each provider has its own in the registry.
OIDC_RP_CLIENT_ID = OIDC_RP_CLIENT_SECRET = "per-provider"  # noqa: S105 - a placeholder, never sent
OIDC_OP_AUTHORIZATION_ENDPOINT = "per-provider"
LOGOUT_REDIRECT_URL = "/"

OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": f"{CONFIG.public_url}/oauth",
    "OIDC_RSA_PRIVATE_KEY": CONFIG.issuer_key_file.read_text() if CONFIG.issuer_key_file else "",
    "OAUTH2_VALIDATOR_CLASS": "accounts.issuer.SatelliteValidator",
    "OIDC_RSA_PRIVATE_KEYS_INACTIVE": [path.read_text() for path in CONFIG.issuer_old_key_files],
    "SCOPES": {
        "openid": "Who you are",
        "profile": "Your name",
        "read": "Read everything that you can see",
        "data": "Data: make and cancel requests",
        "sessions": "Sessions: launch and stop",
        "workflows": "Workflows: start and stop runs",
    },
    "SCOPES_BACKEND_CLASS": "accounts.satellites.SatelliteScopes",
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
    "ROTATE_REFRESH_TOKEN": True,
    "DEVICE_FLOW_INTERVAL": 5,
    "OAUTH_PRE_TOKEN_VALIDATION": [],  # the validator tells whose a device code is
    "OAUTH_DEVICE_VERIFICATION_URI": f"{CONFIG.public_url}/oauth/device/",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "ID_TOKEN_EXPIRE_SECONDS": 600,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", *(["http"] if CONFIG.is_loopback else [])],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "no_tokens": {"()": "vre_portal.logs.TokenFilter"},
        "request_id": {"()": "vre_portal.logs.RequestIdFilter"},
    },
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id", "no_tokens"],
            "formatter": "line",
        }
    },
    # Others bring handlers of their own, which hide nothing: Django and the servers lose theirs,
    # and Rucio's library adds one only where there is none.
    "loggers": {
        "baseclient": {"handlers": ["console"], "propagate": False},
        **{
            name: {"handlers": [], "propagate": True}
            for name in (
                "django", "django.server", "uvicorn", "uvicorn.error", "uvicorn.access",
                "gunicorn.error", "gunicorn.access",
            )
        },
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}  # fmt: skip
