"""Export as a download, import by upload."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kvstore import exports, keys
from kvstore.admin.lists import author_of
from kvstore.conf import conf
from kvstore.exports import BadLine, Item
from kvstore.store import importing
from kvstore.store.merging import Exists, OnConflict, Wanted

MAX_UPLOAD_BYTES = 16 * 2**20
TOO_LARGE = f"The file has more than {MAX_UPLOAD_BYTES} bytes: import it with manage.py kv_import."
AROUND_BYTES = 64 * 2**10  # of a form beside its file
POLICIES = {
    OnConflict.SKIP: "leave it",
    OnConflict.REPLACE: "replace it",
    OnConflict.NEWER: "keep what was written later",
    OnConflict.FAIL: "import nothing",
}


class ImportForm(forms.Form):
    """What kv_import is told by its options."""

    file = forms.FileField(widget=UnfoldAdminFileFieldWidget(), help_text="lines of JSON, as an export has them")
    on_conflict = forms.ChoiceField(
        label="Where a key is there with another value",
        choices=list(POLICIES.items()),
        widget=UnfoldAdminSelectWidget(),
    )
    namespace = forms.CharField(
        required=False, widget=UnfoldAdminTextInputWidget(), help_text="import this one only; empty: all of the file"
    )
    other = forms.CharField(
        label="Under the name", required=False, widget=UnfoldAdminTextInputWidget(), help_text="empty: its own"
    )
    history = forms.BooleanField(label="Earlier values too", required=False, widget=UnfoldBooleanSwitchWidget())

    author: ClassVar[str] = ""

    def clean(self) -> None:
        """Import it."""
        if self.errors:
            return
        sent = self.cleaned_data
        if sent["file"].size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(TOO_LARGE)
        try:
            for name in filter(None, (sent["namespace"], sent["other"])):
                keys.check_namespace(name)
            names = {sent["namespace"]: sent["other"] or sent["namespace"]} if sent["namespace"] else None
            wanted = Wanted(
                OnConflict(sent["on_conflict"]), timezone.now, conf.max_value_bytes, names, sent["history"], self.author
            )
            self.done = importing.run(sent["file"].file, wanted)
        except (keys.BadNamespace, BadLine, Exists, importing.NotInFile, importing.Stopped) as fault:
            raise forms.ValidationError(str(fault)) from None


class Transfer(ModelAdmin):
    """The action of a list that imports."""

    @action(description="Import", url_path="import", icon="upload")
    def import_file(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a file, and import it. Django would read all of it for the CSRF token, so the bound comes first."""
        if not request.user.has_perms(("kvstore.add_record", "kvstore.change_record")):
            raise PermissionDenied
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if int(declared) > MAX_UPLOAD_BYTES + AROUND_BYTES:
            self.message_user(request, TOO_LARGE, messages.ERROR)
            return HttpResponseRedirect(request.path)
        answer: HttpResponseBase = csrf_protect(self._import)(request)
        return answer

    import_file.csrf_exempt = True

    def _import(self, request: HttpRequest) -> HttpResponseBase:
        kind = type("Import", (ImportForm,), {"author": author_of(request)})
        form = kind(request.POST, request.FILES) if request.method == "POST" else kind()
        if form.is_bound and form.is_valid():
            self.message_user(request, f"Imported: {form.done}.")
            return HttpResponseRedirect("..")
        context = {**self.admin_site.each_context(request), "title": "Import", "opts": self.opts, "form": form}
        return TemplateResponse(request, "kvstore/admin/import.html", context)


def download(items: Iterator[Item], name: str) -> StreamingHttpResponse:
    """The items as a file, made while it is sent."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.ndjson"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(Lines(items), content_type="application/x-ndjson", headers=headers)


class Lines:
    """The lines of an export, which ends with the answer, read to its end or not."""

    def __init__(self, items: Any) -> None:
        """Nothing is asked yet."""
        self._items = items

    def __iter__(self) -> Iterator[bytes]:
        """A line each."""
        return map(exports.encode, self._items)

    def close(self) -> None:
        """Give the snapshot back."""
        self._items.close()
