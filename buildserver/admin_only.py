"""Django's session, CSRF, login and message middleware, for the admin and for nothing else.

The API knows keys only: a browser that is logged in to the admin can be made to call the API, but not with its cookie.
"""

from typing import Any

from axes.middleware import AxesMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware

ADMIN = "/admin/"


class ForAdmin:
    """Steps aside outside the admin."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Work, or pass on."""
        passed: HttpResponseBase
        passed = super().__call__(request) if request.path_info.startswith(ADMIN) else self.get_response(request)  # type: ignore[misc]
        return passed


class AdminSession(ForAdmin, SessionMiddleware):
    """Sessions."""


class AdminCsrf(ForAdmin, CsrfViewMiddleware):
    """CSRF tokens, which only a session's cookie makes necessary."""

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """Check, or pass on."""
        return super().process_view(request, *args) if request.path_info.startswith(ADMIN) else None


class AdminAuthentication(ForAdmin, AuthenticationMiddleware):
    """`request.user`."""

    def process_view(self, *_args: Any) -> None:
        """The admin's own views decide who must be logged in."""


class AdminMessages(ForAdmin, MessageMiddleware):
    """Messages after an action."""


class AdminFrameOptions(ForAdmin, XFrameOptionsMiddleware):
    """No frames."""


class AdminLoginLimit(ForAdmin, AxesMiddleware):
    """The answer to too many failed logins."""
