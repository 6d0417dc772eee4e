"""The WSGI application, for gunicorn, granian and Lambda."""

import os

import django
from django.conf import settings
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import reset_queries
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
django.setup(set_prefix=False)

from buildserver import logs, quick, serve  # noqa: E402 - after the settings are loaded

serve.check_settings()
logs.to_stdout()
get_resolver().url_patterns  # noqa: B018 - every view is loaded here, once, and not by each worker's first request
# What Django does around each request, and is for nothing here: none has routes of its own, none uses Django's caches.
request_finished.disconnect(reset_urlconf)
request_finished.disconnect(close_caches)
if not settings.DEBUG:
    request_started.disconnect(reset_queries)
application = quick.Application()
