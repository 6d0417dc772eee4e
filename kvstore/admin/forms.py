"""Forms of records: checking one writes it, since the store compares the version and writes in one."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from kvstore import keys, store, values
from kvstore.admin.contents import typed
from kvstore.admin.lists import author_of
from kvstore.admin.rows import current, shown_value, text_in, value_of, version_of
from kvstore.cache import CacheAway
from kvstore.conditions import MAX_VERSION, of_version
from kvstore.conf import conf
from kvstore.envelopes import MAX_TTL_S
from kvstore.keys import Path
from kvstore.models import Record
from kvstore.store import Value

REFUSALS = (
    keys.BadKey, keys.BadNamespace, values.BadType, values.NotJSON, values.ValueTooLarge,
    store.QuotaExceeded, CacheAway,
)  # fmt: skip


class ValueForm(forms.ModelForm):  # type: ignore[type-arg]  # takes none when it runs
    """A value, its type, and when it expires."""

    request: ClassVar[HttpRequest]

    text = forms.CharField(label="Value", required=False, strip=False, widget=UnfoldAdminTextareaWidget({"rows": 12}))
    upload = forms.FileField(label="Value from a file", required=False, widget=UnfoldAdminFileFieldWidget())
    kind = forms.CharField(
        label="Content type",
        initial=values.JSON,
        max_length=values.MAX_TYPE_CHARACTERS,
        widget=UnfoldAdminTextInputWidget(),
        help_text="application/json is checked to be JSON",
    )
    until = forms.SplitDateTimeField(
        label="Expires at", required=False, widget=UnfoldAdminSplitDateTimeWidget(), help_text="UTC; empty: never"
    )

    class Meta:
        """Every field is declared above: none is the model's."""

        model = Record
        fields: ClassVar[list[str]] = []

    def _post_clean(self) -> None:
        """The row is the store's to check."""

    def data_of(self, before: bytes) -> bytes:
        """The value that was sent, by file or by text; without either that from before. Raises ValidationError."""
        upload = self.cleaned_data.get("upload")
        if upload:
            if upload.size > conf.max_value_bytes:
                raise forms.ValidationError(
                    f"the file has {upload.size} bytes; at most {conf.max_value_bytes} are allowed"
                )
            return bytes(upload.read())
        return typed(self.cleaned_data["text"], before) if "text" in self.cleaned_data else before

    def ttl_of(self, now: datetime) -> float | None:
        """Seconds until the value expires; raises ValidationError."""
        until = self.cleaned_data["until"]
        if until is None:
            return None
        if "until" not in self.changed_data:
            until = self.instance.expires_at  # the field shows no fractions of a second
        if not timedelta() < until - now <= timedelta(seconds=MAX_TTL_S):
            raise forms.ValidationError({"until": "this is not in the future, or more than ten years from now"})
        return float((until - now).total_seconds())

    def refuse(self, fault: Exception) -> None:
        """Tell why nothing was written."""
        self.add_error(None, str(fault))


class AddForm(ValueForm):
    """A key that is not there."""

    namespace = forms.CharField(widget=UnfoldAdminTextInputWidget(), help_text="made by its first key")
    key = forms.CharField(widget=UnfoldAdminTextInputWidget(), strip=False)

    field_order = ["namespace", "key"]

    def clean(self) -> None:
        """Save it, unless it is there."""
        if self.errors:
            return
        now = timezone.now()
        try:
            path = keys.path_of(self.cleaned_data["namespace"], self.cleaned_data["key"])
            value = Value(self.data_of(b""), self.cleaned_data["kind"])
            values.check(value.data, value.content_type, conf.max_value_bytes)
            condition, author = of_version(0), author_of(self.request)
            store.put(path, value, ttl_s=self.ttl_of(now), condition=condition, now=now, author=author)
        except store.VersionConflict as fault:
            self.add_error(
                "key", f"this key is there already, in version {fault.current}: change it where it is listed"
            )
        except REFUSALS as fault:
            self.refuse(fault)
        else:
            self.instance = Record.objects.defer("value").get(path=path)


class ChangeForm(ValueForm):
    """A key as it was looked at.

    seen   its version then, 0: it was absent; the next attempt is over what is there by then, which is shown
    there  what is there instead, where somebody was quicker
    """

    seen = forms.IntegerField(min_value=0, max_value=MAX_VERSION, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """What the record has, to be typed over."""
        super().__init__(*arguments, **options)
        record, now = self.instance, timezone.now()
        self.there: Record | None = None
        self.initial["kind"], self.initial["until"] = record.content_type, record.expires_at
        self.initial["seen"] = version_of(record, now)
        if "text" in self.data:
            return
        text = text_in(record)
        if text is None:
            del self.fields["text"]
        self.initial["text"] = text

    def clean(self) -> None:
        """Write what was changed, over the version that was seen."""
        if self.errors:
            return
        record, now = self.instance, timezone.now()
        seen = of_version(self.cleaned_data["seen"])
        path, author = Path(record.path), author_of(self.request)
        if not seen.holds(version_of(record, now)):
            self.show_there(path, now)
            return
        try:
            before = value_of(record)
            value = Value(self.data_of(before), self.cleaned_data["kind"], record.meta)
            ttl_s = self.ttl_of(now)
            if record.state(now) != "live" or (value.data, value.content_type) != (before, record.content_type):
                values.check(value.data, value.content_type, conf.max_value_bytes)
                store.put(path, value, ttl_s=ttl_s, condition=seen, now=now, author=author)
            elif "until" in self.changed_data:
                store.touch(path, ttl_s, condition=seen, now=now, author=author)
        except (store.VersionConflict, store.Absent):
            self.show_there(path, now)
        except REFUSALS as fault:
            self.refuse(fault)
        else:
            self.instance = Record.objects.defer("value").get(path=path)

    @property
    def there_shown(self) -> str:
        """What somebody else has written."""
        return shown_value(self.there) if self.there else ""

    def show_there(self, path: Path, now: datetime) -> None:
        """Keep what was typed, and show what is there beside it."""
        self.there = current(path)
        self.instance = self.there or self.instance
        version = version_of(self.there, now)
        data = cast("QueryDict", self.data).copy()
        data["seen"] = str(version)
        self.data = data
        what = f"version {version} is there now" if version else "the key is absent now"
        self.add_error(
            None,
            f"Somebody was quicker: {what}. Nothing was saved. What you typed stands below; saving again replaces it.",
        )
