"""The routes, to be included at the root of a project."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from kvstore.views import changes, history, lists, namespaces, plain, records, transactions


class KeyConverter(StringConverter):
    """Any text, empty or with line ends too: what is wrong with a key is a 400 that says it, not a 404."""

    regex = r"[\s\S]*"


register_converter(KeyConverter, "kvstore_key")

NAMESPACE = "api/v1/namespaces/<str:namespace>"

urlpatterns = [
    path("save", plain.Save.as_view()),
    path("get", plain.Get.as_view()),
    path("get/<kvstore_key:key>", plain.GetByPath.as_view()),
    path("delete", plain.Delete.as_view()),
    path("delete/<kvstore_key:key>", plain.DeleteByPath.as_view()),
    path(f"{NAMESPACE}/keys/<kvstore_key:key>", records.RecordView.as_view()),
    path(f"{NAMESPACE}/keys", lists.Keys.as_view()),
    path(f"{NAMESPACE}/txn", transactions.Transaction.as_view()),
    path(f"{NAMESPACE}/changes", changes.ChangesView.as_view()),
    path(f"{NAMESPACE}/history/<kvstore_key:key>", history.History.as_view()),
    path(f"{NAMESPACE}/quota", namespaces.Quota.as_view()),
    path(NAMESPACE, namespaces.Namespace.as_view()),
    path("api/v1/namespaces", namespaces.Namespaces.as_view()),
]
