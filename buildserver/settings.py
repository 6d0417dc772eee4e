"""Django's settings; environments differ by the values of variables, never by code.

The variables are documented in INSTRUCTIONS.md and listed in `.env.example`.
"""

import contextlib
import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from assets import locations
from buildserver import env, keys, logs, plan_settings

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")  # none: commands that sign nothing still work, the server refuses to start
ALLOWED_HOSTS = env.listed("ALLOWED_HOSTS", env.own_hosts())
CSRF_TRUSTED_ORIGINS = env.listed("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "buildserver.urls"
WSGI_APPLICATION = "buildserver.wsgi.application"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "assets",
    "kvstore",
    "powerplant",
    "buildserver",
]

# Outermost first. The session and what needs it run for /admin/ only, so that no cookie ever opens the API.
MIDDLEWARE = [
    "buildserver.requests.Requests",
    "buildserver.gate.Gate",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "buildserver.admin_only.AdminOnly",
]

# --- database -------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", "sqlite:///var/db.sqlite3")}
SQLITE = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
# The stamps of shm://; with sqlite they stand beside the database, whoever opens it.
KVSTORE_CACHE_FILE = "" if SQLITE else str(env.HOME / "var" / "records.kvcache")
with contextlib.suppress(OSError):  # where it may not be made, opening what is to be in it says so
    Path(str(DATABASES["default"]["NAME"]) if SQLITE else KVSTORE_CACHE_FILE).parent.mkdir(
        mode=0o700, parents=True, exist_ok=True
    )
# sqlite: FULL loses no acknowledged write on power loss; NORMAL may lose the last ones and is several times faster.
KVSTORE_SYNCHRONOUS = env.choice("KVSTORE_SYNCHRONOUS", "FULL", ["FULL", "NORMAL"])
if SQLITE:
    DATABASES["default"]["OPTIONS"] = {
        # A transaction that reads before it writes must not find, at its write, that another one was quicker.
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={KVSTORE_SYNCHRONOUS};"
        "PRAGMA mmap_size=268435456; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
        "PRAGMA wal_autocheckpoint=4000; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["ENGINE"] = "buildserver.mysql"
    DATABASES["default"]["OPTIONS"] = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE'",
        "connect_timeout": 5,
        "read_timeout": 30,
        "write_timeout": 30,
    }
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
CACHE_URL = env.text("CACHE_URL", ("shm://" if SQLITE and sys.platform != "win32" else "none://"))
if CACHE_URL.partition("://")[0] not in ("shm", "none", "redis", "rediss") or "://" not in CACHE_URL:
    raise ImproperlyConfigured("CACHE_URL: it is none of shm:// none:// redis://host:port/number")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}  # nothing here caches through Django

# --- access ---------------------------------------------------------------------------------------------------------

try:
    PRESHARED = keys.load(
        env.text("PRESHARED_KEYS"),
        env.path(env.text("PRESHARED_KEYS_FILE")) if env.text("PRESHARED_KEYS_FILE") else None,
    )
except keys.BadKeys as fault:
    raise ImproperlyConfigured(str(fault)) from None
CLOSED_ROUTES = env.listed("CLOSED_ROUTES")
if not all(prefix.startswith("/") for prefix in CLOSED_ROUTES):
    raise ImproperlyConfigured(f"CLOSED_ROUTES: {','.join(CLOSED_ROUTES)!r} are not all paths that begin with /")
OPEN_RATE = env.rate("OPEN_RATE", "600/min")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "buildserver.addresses.address_of"
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "buildserver.problems.locked_out"
CSRF_FAILURE_VIEW = "buildserver.problems.forbidden"
# They look for middlewares by name: those of the admin are in `admin_only`, SecurityMiddleware's headers in `headers`.
SILENCED_SYSTEM_CHECKS = [
    *("axes.W002", "admin.E408", "admin.E409", "admin.E410"),
    *("security.W001", "security.W002", "security.W003"),
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Long-lived answers (streams, long polls) that one worker may hold open; each holds a thread.
WEB_THREADS = env.whole("WEB_THREADS", 8, 1, 1024)
MAX_WATCHERS = env.whole("MAX_WATCHERS", min(max(1, WEB_THREADS // 4), WEB_THREADS - 1), 0, 1024)

# --- security headers -----------------------------------------------------------------------------------------------

BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS_PROXY
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS_PROXY else 0
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/admin/"
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# The largest body that is held in memory; a form of the admin is far smaller, files are streamed.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20

# --- the API --------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["buildserver.content.JSONAnswer"],
    "DEFAULT_PARSER_CLASSES": ["buildserver.content.StrictJSON"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "buildserver.content.IgnoreAccept",
    "DEFAULT_AUTHENTICATION_CLASSES": ["buildserver.access.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["buildserver.access.BeforeTheView"],
    "DEFAULT_THROTTLE_CLASSES": ["buildserver.rates.OpenRate"],
    "DEFAULT_SCHEMA_CLASS": "buildserver.schema.ProblemSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "buildserver.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "buildserver",
    "DESCRIPTION": "Build artifacts, key/value records, production plans and a message function beside build machines.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["buildserver.access.BeforeTheView"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- the apps -------------------------------------------------------------------------------------------------------

BUILDSERVER_MOCK_S3 = env.flag("BUILDSERVER_MOCK_S3")
ASSETS_HOME = env.HOME
ASSETS_URL = env.text("ASSETS_URL", "var/assets")
try:
    locations.read(ASSETS_URL)
except locations.BadLocation as fault:
    raise ImproperlyConfigured(f"ASSETS_URL: {fault}") from None
ASSETS_MAX_BYTES = env.whole("ASSETS_MAX_BYTES", 5 * 2**30, 1)
ASSETS_MIN_FREE_BYTES = env.whole("ASSETS_MIN_FREE_BYTES", 2**30)
KVSTORE_MAX_VALUE_BYTES = env.whole("KVSTORE_MAX_VALUE_BYTES", 2**20, 1, 750_000_000)
KVSTORE_HISTORY_COUNT = env.whole("KVSTORE_HISTORY_COUNT", 20)
KVSTORE_HISTORY_DAYS = env.whole("KVSTORE_HISTORY_DAYS", 30, 0, 36_500)  # of which a sweep finds the date
KVSTORE_CACHE_URL = CACHE_URL
KVSTORE_PROCESSES = env.whole("WEB_WORKERS", 1 if sys.platform == "win32" else 2 * (os.cpu_count() or 1), 1, 1024)
KVSTORE_WATCHERS = "buildserver.watchers.take"
POWERPLANT_WIND, POWERPLANT_CO2 = plan_settings.WIND, plan_settings.CO2
POWERPLANT_BUDGET_S, POWERPLANT_MAX_PLANTS = plan_settings.BUDGET_S, plan_settings.MAX_PLANTS
POWERPLANT_HARD_SEARCHES = max(1, WEB_THREADS // 2)
POWERPLANT_LIVE = CACHE_URL if CACHE_URL.startswith("redis") else ""
POWERPLANT_WATCHERS = "buildserver.watchers.take"
BUILDCACHE_MAX_BYTES = env.whole("BUILDCACHE_MAX_BYTES", 10 * 2**30, 1)

# --- pages, static files, logs --------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.HOME / "var" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "buildserver.static_files.Collected"},
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
UNFOLD = {
    "SITE_TITLE": "buildserver",
    "SITE_HEADER": "buildserver",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: "/favicon.ico"}],
}
LOGGING = logs.config(env.choice("LOG_LEVEL", "INFO", logs.LEVELS))

# --- the mock of S3 -------------------------------------------------------------------------------------------------

if BUILDSERVER_MOCK_S3 or os.environ.get("BUILDSERVER_MOCK_INDEX"):
    from buildserver import mock_s3

    globals().update(mock_s3.overrides(sys.modules[__name__]))
