"""Users, groups and failed logins in the admin's style."""

from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

for plain in (User, Group, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(plain):
        admin.site.unregister(plain)


@admin.register(User)
class Users(UserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Those who may log in here."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class Groups(GroupAdmin, ModelAdmin):
    """What users may do."""


@admin.register(AccessAttempt)
class Attempts(ModelAdmin):
    """Failed logins that count towards a lock; deleting one lifts it."""

    list_display = ["username", "ip_address", "failures_since_start", "attempt_time"]
    list_filter = ["attempt_time"]
    search_fields = ["username", "ip_address"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """They are recorded, not made."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """They are what happened."""
        return False


@admin.register(AccessAttemptExpiration)
class Locks(Attempts):
    """Until when an attempt counts."""

    list_display = ["access_attempt", "expires_at"]
    list_filter = ["expires_at"]
    search_fields = ["access_attempt__username", "access_attempt__ip_address"]


@admin.register(AccessFailureLog, AccessLog)
class Logins(Attempts):
    """Logins, good and failed, as they happened."""

    list_display = ["username", "ip_address", "attempt_time"]
