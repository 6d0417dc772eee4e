"""Namespaces: how large they are, their quotas, their export and their end."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminBigIntegerFieldWidget, UnfoldAdminTextInputWidget

from kvstore import keys, store
from kvstore.admin.lists import StoreAdmin, author_of
from kvstore.admin.transfer import Transfer, download
from kvstore.cache import CacheAway
from kvstore.conditions import MAX_VERSION
from kvstore.models import Namespace
from kvstore.store import exporting, namespaces

BOUND: dict[str, Any] = {"min_value": 0, "max_value": MAX_VERSION, "required": False, "help_text": "empty: no bound"}
FACTS = ("name", "key_count", "byte_count", "revision", "forgotten_revision", "version_floor", "created_at", "records")


class QuotaForm(forms.ModelForm):  # type: ignore[type-arg]  # takes none when it runs
    """How much a namespace may have. Checking it sets it."""

    max_keys_wanted = forms.IntegerField(label="Most keys", widget=UnfoldAdminBigIntegerFieldWidget(), **BOUND)
    max_bytes_wanted = forms.IntegerField(label="Most bytes", widget=UnfoldAdminBigIntegerFieldWidget(), **BOUND)

    class Meta:
        """Every field is declared above: none is the model's."""

        model = Namespace
        fields: ClassVar[list[str]] = []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """With the bounds in force."""
        super().__init__(*arguments, **options)
        self.initial["max_keys_wanted"] = self.instance.max_keys
        self.initial["max_bytes_wanted"] = self.instance.max_bytes

    def _post_clean(self) -> None:
        """The row is the store's to check."""

    def clean(self) -> None:
        """Set it."""
        if not self.errors:
            self.set_quota(self.instance.name)

    def set_quota(self, name: str) -> None:
        """Set it for the namespace, which is made where there is none."""
        sent = self.cleaned_data
        try:
            namespaces.set_quota(name, sent["max_keys_wanted"], sent["max_bytes_wanted"], now=timezone.now())
        except CacheAway as fault:
            raise forms.ValidationError(str(fault)) from None
        self.instance = Namespace.objects.get(name=name)


class NewForm(QuotaForm):
    """A namespace that is made before its first key, for its quota."""

    name_wanted = forms.CharField(label="Name", widget=UnfoldAdminTextInputWidget())

    field_order = ["name_wanted"]

    def clean(self) -> None:
        """Make it."""
        if self.errors:
            return
        name = self.cleaned_data["name_wanted"]
        try:
            keys.check_namespace(name)
        except keys.BadNamespace as fault:
            raise forms.ValidationError({"name_wanted": str(fault)}) from None
        if Namespace.objects.filter(name=name, deleted=False).exists():
            raise forms.ValidationError({"name_wanted": "this namespace is there already"})
        self.set_quota(name)


@admin.register(Namespace)
class NamespaceAdmin(Transfer, StoreAdmin):
    """Namespaces that are not deleted."""

    list_display = ("name", "key_count", "byte_count", "max_keys", "max_bytes", "revision", "created_at", "records")
    search_fields = ("name",)
    search_help_text = "the start of a name"
    readonly_fields = FACTS
    actions = None
    actions_list = ("import_file",)
    actions_row = ("export_namespace",)
    actions_detail = ("export_namespace", "export_with_history")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Namespace]:
        """Those that were deleted only keep their numbers."""
        rows: QuerySet[Namespace] = super().get_queryset(request)
        return rows.filter(deleted=False)

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Namespace], search_term: str
    ) -> tuple[QuerySet[Namespace], bool]:
        """By the start of the name."""
        low, high = keys.prefix_range(search_term)
        found = queryset.filter(name__gte=low)
        return found if high is None else found.filter(name__lt=high), False

    @display(description="records")
    def records(self, namespace: Namespace) -> SafeString:
        """Where they are."""
        query = urlencode({"q": f"{namespace.name}/"})
        url = f"{reverse(f'{self.admin_site.name}:kvstore_record_changelist')}?{query}"
        return format_html('<a class="text-link" href="{}">show</a>', url)

    def get_fieldsets(self, request: HttpRequest, obj: Namespace | None = None) -> Any:
        """What is to be known, and what can be changed."""
        bounds = ["max_keys_wanted", "max_bytes_wanted"]
        if obj is None:
            return [(None, {"fields": ["name_wanted", *bounds]})]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*FACTS, "max_keys", "max_bytes"]})]
        return [(None, {"fields": FACTS}), ("Quota", {"fields": bounds})]

    def get_readonly_fields(self, _request: HttpRequest, obj: Namespace | None = None) -> Any:
        """Of a new one nothing is known."""
        return () if obj is None else self.readonly_fields

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **_options: Any) -> Any:  # noqa: ARG002, FBT001, FBT002
        """The form."""
        return NewForm if obj is None else QuotaForm

    def construct_change_message(self, _request: Any, form: Any, _formsets: Any, _add: Any = False) -> Any:  # noqa: FBT002
        """What the history of the admin tells."""
        quota = form.instance
        return f"At most {quota.max_keys} keys and {quota.max_bytes} bytes."

    # --- the end

    def has_delete_permission(self, request: HttpRequest, obj: Namespace | None = None) -> bool:
        """Who may delete its records too."""
        may: bool = super().has_delete_permission(request, obj)
        return may and request.user.has_perm("kvstore.delete_record")

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask for its name, then delete it with all that is in it."""
        namespace = self.get_object(request, unquote(object_id))
        if not self.has_delete_permission(request, namespace):
            raise PermissionDenied
        if namespace is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST" and request.POST.get("name") == namespace.name:
            return self._delete(request, namespace)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Delete {namespace.name}",
            "opts": self.opts,
            "namespace": namespace,
            "other": request.POST.get("name"),
        }
        return TemplateResponse(request, "kvstore/admin/delete_namespace.html", context | (extra_context or {}))

    def _delete(self, request: HttpRequest, namespace: Namespace) -> HttpResponseBase:
        try:
            namespaces.delete(namespace.name, now=timezone.now(), author=author_of(request))
        except (store.NoNamespace, CacheAway) as fault:
            self.message_user(request, f"{namespace.name} is not deleted: {fault}", messages.ERROR)
        else:
            self.log_deletions(request, Namespace.objects.filter(pk=namespace.pk))
            self.message_user(request, f"{namespace.name} is deleted, with all that was in it.")
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:kvstore_namespace_changelist"))

    # --- exports

    # A method: a permission named with its app is looked up in the database when checks run, before there is one.
    def has_export_permission(self, request: HttpRequest, _object_id: Any = None) -> bool:
        """Who may view records."""
        may: bool = request.user.has_perm("kvstore.view_record")
        return may

    @action(description="Export", icon="download", permissions=["export"])
    def export_namespace(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Its records."""
        return self._export(request, object_id, history=False)

    @action(description="Export with history", icon="download", permissions=["export"])
    def export_with_history(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Its records, and what is kept of earlier values."""
        return self._export(request, object_id, history=True)

    def _export(self, request: HttpRequest, object_id: str, *, history: bool) -> HttpResponseBase:
        namespace = self.get_object(request, unquote(object_id))
        if namespace is None:
            missing: HttpResponseBase = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return missing
        items = exporting.export([namespace.name], history=history, now=timezone.now())
        return download(items, namespace.name)
