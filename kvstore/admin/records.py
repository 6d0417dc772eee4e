"""Records: browsed by the start of their path, looked at, added, changed, deleted, restored, exported."""

import re
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten, quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.decorators import display

from kvstore import keys, metadata, store
from kvstore.admin.contents import START_BYTES, TEXT_BYTES, as_shown
from kvstore.admin.forms import REFUSALS, AddForm, ChangeForm
from kvstore.admin.lists import StoreAdmin, author_of
from kvstore.admin.rows import current, shown_value, text_in, version_of
from kvstore.admin.transfer import Transfer, download
from kvstore.conditions import MAX_VERSION, of_version
from kvstore.keys import Path
from kvstore.models import Namespace, Record, RecordQuerySet
from kvstore.store import exporting, history, listing

PLACES = 200
ENTRIES = 20
STATES = {"live": "success", "expired": "warning", "deleted": "danger"}
FACTS = (
    ("namespace", "key"), ("state_now", "version"), ("size_bytes", "revision"), ("created_at", "updated_at"),
    "metadata",
)  # fmt: skip
READ_ONLY = tuple(flatten(FACTS))


@admin.register(Record)
class RecordAdmin(Transfer, StoreAdmin):
    """Records by path; those that are deleted or expired are shown as such, and can be written anew."""

    list_display = (
        "key", "namespace", "version", "size_bytes", "content_type", "expires_at", "updated_at", "state_now",
    )  # fmt: skip
    search_fields = ("path",)
    search_help_text = "the start of namespace/key, such as default/ci/"
    list_before_template = "kvstore/admin/places.html"
    change_form_before_template = "kvstore/admin/record.html"
    change_form_outer_after_template = "kvstore/admin/history.html"
    readonly_fields = (*READ_ONLY, "content_type", "expires_at", "value_shown")
    actions = ("export_selected", "delete_selected")
    actions_list = ("import_file",)
    warn_unsaved_form = True

    # --- what is there

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        """Without the values themselves."""
        rows: QuerySet[Record] = super().get_queryset(request)
        return rows.defer("value")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Record], search_term: str
    ) -> tuple[QuerySet[Record], bool]:
        """By the start of the path, which its b-tree finds at any size."""
        return cast("RecordQuerySet", queryset).starting_with(search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, below links to what the paths in it begin with."""
        start = request.GET.get("q", "")
        context = {"steps": steps_to(start), "places": places_below(start)}
        return super().changelist_view(request, context | (extra_context or {}))

    @display(description="state", label=STATES)
    def state_now(self, record: Record) -> str:
        """Now."""
        return record.state(timezone.now())

    @display(description="metadata")
    def metadata(self, record: Record) -> str:
        """A line each."""
        return "\n".join(f"{name}: {value}" for name, value in metadata.of_text(record.meta).items()) or "-"

    @display(description="value")
    def value_shown(self, record: Record) -> SafeString:
        """As a person reads it; of a large one the start, and where the rest is."""
        return shown_value(record)

    # --- adding and changing

    def get_fieldsets(self, request: HttpRequest, obj: Record | None = None) -> Any:
        """What is to be known; and where it may be changed, what can be."""
        fields = ["upload", "kind", "until"]
        if obj is None:
            return [(None, {"fields": ["namespace", "key", "text", *fields]})]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*FACTS, ("content_type", "expires_at"), "value_shown"]})]
        text = ["text"] if "text" in request.POST or text_in(obj) is not None else []
        return [(None, {"fields": [*FACTS, "value_shown"]}), ("Change", {"fields": [*text, *fields]})]

    def get_readonly_fields(self, _request: HttpRequest, obj: Record | None = None) -> Any:
        """Of a new record nothing is known."""
        return () if obj is None else self.readonly_fields

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **_options: Any) -> Any:  # noqa: ARG002, FBT001, FBT002
        """The form, which knows who asks."""
        return type("RecordForm", (AddForm if obj is None else ChangeForm,), {"request": request})

    def construct_change_message(self, _request: Any, form: Any, _formsets: Any, _add: Any = False) -> Any:  # noqa: FBT002
        """What the history of the admin tells."""
        return f"Version {form.instance.version}."

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The record, and below it what it was before."""
        context = history_of(Path(unquote(object_id)), request.GET)
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    # --- deleting

    def delete_view(self, request: HttpRequest, object_id: str, _extra_context: Any = None) -> Any:
        """Ask, then delete the version that was shown."""
        record = current(unquote(object_id))
        if not self.has_delete_permission(request, record):
            raise PermissionDenied
        if record is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.delete_selected(request, Record.objects.filter(pk=record.pk))

    @admin.action(description="Delete selected records", permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Record]) -> HttpResponseBase:
        """Ask, then delete the versions that were shown."""
        if request.POST.get("post"):
            return self._delete_seen(request)
        now = timezone.now()
        records = [one for one in queryset.defer("value")[: self.list_max_show_all] if version_of(one, now)]
        context = {
            **self.admin_site.each_context(request),
            "title": "Delete records",
            "opts": self.opts,
            "records": records,
            "action": reverse(self.admin_site.name + ":kvstore_record_changelist"),
        }
        return TemplateResponse(request, "kvstore/admin/delete_records.html", context)

    def _delete_seen(self, request: HttpRequest) -> HttpResponseBase:
        """Delete each path in the version that stands beside it, and tell of those that have another one by now."""
        deleted = 0
        for at, seen in zip(request.POST.getlist("path"), request.POST.getlist("seen"), strict=False):
            try:
                found = keys.path_of(*keys.split(at))
                condition = of_version(number(seen))
                store.delete(found, condition=condition, now=timezone.now(), author=author_of(request))
            except (store.Absent, store.VersionConflict, *REFUSALS) as fault:
                self.message_user(request, f"{at} is not deleted: {fault}", messages.ERROR)
            else:
                deleted += 1
                self.log_deletions(request, Record.objects.defer("value").filter(pk=found))
        if deleted:
            self.message_user(request, f"{deleted} records deleted; they can be restored from their history.")
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:kvstore_record_changelist"))

    # --- restoring, exporting

    def get_urls(self) -> list[URLPattern]:
        """Restoring beside Django's own."""
        view = self.admin_site.admin_view(self.restore_view)
        own = [path("<path:object_id>/restore/", view, name="kvstore_record_restore")]
        return own + super().get_urls()

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Save an old version again, over the one that was shown."""
        at = unquote(object_id)
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied
        try:
            found = keys.path_of(*keys.split(at))
            old = history.value_at(found, number(request.POST.get("version", "")))
            condition = of_version(number(request.POST.get("seen", "")))
            written = store.put(found, old.value, condition=condition, now=timezone.now(), author=author_of(request))
        except (store.NoVersion, store.VersionConflict, *REFUSALS) as fault:
            self.message_user(request, f"Nothing was restored: {fault}", messages.ERROR)
        else:
            self.log_change(request, current(found), f"Version {old.version} restored as {written.version}.")
            self.message_user(request, f"Version {old.version} is there again, as version {written.version}.")
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:kvstore_record_change", args=[quote(at)]))

    @admin.action(description="Export selected records", permissions=["view"])
    def export_selected(self, _request: HttpRequest, queryset: QuerySet[Record]) -> HttpResponseBase:
        """Lines of JSON, as kv_export writes them."""
        paths = [Path(one) for one in queryset.values_list("path", flat=True)[: self.list_max_show_all]]
        return download(exporting.export_keys(paths, now=timezone.now()), "records")


def number(sent: str) -> int:
    """A version as a form has it; 0 for what is none."""
    return min(int(sent), MAX_VERSION) if re.fullmatch("[0-9]{1,19}", sent) else 0


def history_of(found: Path, query: QueryDict) -> dict[str, Any]:
    """The last changes of a key, and the value of the version that the query asks for."""
    try:
        entries = history.entries(found, ENTRIES).items
    except store.Absent:
        entries = ()
    context: dict[str, Any] = {"entries": entries, "seen": version_of(current(found), timezone.now())}
    wanted = number(query.get("version", ""))
    if wanted:
        try:
            old = history.value_at(found, wanted)
        except store.NoVersion as fault:
            return context | {"no_version": str(fault)}
        whole = len(old.value.data) <= TEXT_BYTES
        start = old.value.data[: TEXT_BYTES if whole else START_BYTES]
        context |= {"old": old, "old_shown": as_shown(start, old.value.content_type, whole=whole)}
    return context


def steps_to(start: str) -> list[tuple[str, str]]:
    """Each start of a path that leads to this one: its last part, and the query that lists it."""
    parts = start.split("/")[:-1]
    return [(part, urlencode({"q": "/".join(parts[:at]) + "/"})) for at, part in enumerate(parts, 1)]


def places_below(start: str) -> list[tuple[str, str]]:
    """Namespaces that begin so, or what the keys below begin with up to the next slash; each with its query."""
    namespace, slash, prefix = start.partition("/")
    if slash:
        wanted = listing.Wanted(namespace, prefix, "/")
        found = [f"{namespace}/{place}" for place in listing.page(wanted, PLACES, timezone.now()).prefixes]
    else:
        low, high = keys.prefix_range(namespace)
        rows = Namespace.objects.filter(name__gte=low, deleted=False)
        rows = rows if high is None else rows.filter(name__lt=high)
        found = [f"{name}/" for name in rows.values_list("name", flat=True)[:PLACES]]
    return [(place.removeprefix(start.rpartition("/")[0] + slash), urlencode({"q": place})) for place in found]
